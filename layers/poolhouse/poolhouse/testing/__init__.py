"""What the tests of your own trigger functions need. No function imports it.

Example:
    >>> from poolhouse.testing.events import event
    >>> event("PreSignUp_SignUp")["triggerSource"]
    'PreSignUp_SignUp'
"""
