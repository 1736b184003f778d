"""What the person at the command line can mend: a subclass for each area, shown as one line, with exit code 2.

UserError
├── RubricError       a check is declared wrongly (grader/rubric.py)
├── SubmissionError   there is nothing to grade where the command points (this module)
├── CourseError       a class cannot be read, or its results not be kept (grader/course)
├── ProtectionError   this host protects the grading too little (this module)
├── TemplateError     the students' files cannot be cut, or are not up to date (grader/release/template.py)
├── PackageError      a package cannot be built as it should be (grader/release/package.py)
├── OldestError       the students' package does not work with versions that it allows (grader/release/oldest.py)
├── LockError         the requirements cannot be locked, or are not up to date (grader/release/lock.py)
├── RehearsalError    a package does not do what it should (grader/release/rehearse.py)
├── CaseError         a case of the audit is written wrongly (grader/audit/cases.py)
└── TrainingError     a script of the homework has failed (grader/reproduce/command.py)
"""


class UserError(Exception):
    """Says what is wrong, where, and what to do."""


class SubmissionError(UserError):
    """There is nothing to grade where the command points."""


class CourseError(UserError):
    """A class cannot be read, or its results cannot be kept."""


class ProtectionError(UserError):
    """This host protects the grading too little, and nobody has allowed it."""
