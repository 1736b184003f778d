"""What people read: results, pages, pictures, the terminal."""
