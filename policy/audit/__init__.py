"""Prowler over what the project deploys, judged by the control matrix. Not a part of the tests: it takes minutes."""
