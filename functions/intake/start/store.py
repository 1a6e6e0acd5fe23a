from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.shared.errors import aws_errors, error_code

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StateMachine:
    """The state machine whose executions this function starts."""

    def __init__(self, client: "SFNClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def start(self, name: str, execution_input: str) -> bool:
        """Whether the execution is new; False when a closed one has the name.

        With the name and the input of an execution that still runs, StartExecution just succeeds again:
        https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
        """
        with aws_errors(f"start execution {name}"):
            try:
                self._client.start_execution(stateMachineArn=self._arn, name=name, input=execution_input)
            except ClientError as error:
                if error_code(error) == "ExecutionAlreadyExists":
                    return False
                raise
            return True
