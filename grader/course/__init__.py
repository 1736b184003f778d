"""A whole class: from the platform's download to a gradebook and a page, whatever one submission does on the way."""
