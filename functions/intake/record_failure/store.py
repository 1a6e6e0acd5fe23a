from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.contracts.base import Reason
from functions.intake.record_failure.logic import Ended, Subject
from functions.shared.errors import aws_errors, error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient


class Executions:
    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def describe(self, ended: Ended) -> Ended:
        """The same end, with input, error and cause."""
        with aws_errors(f"describe {ended.execution_arn}"):
            found = self._client.describe_execution(executionArn=ended.execution_arn)
        return ended.model_copy(
            update={"input": found.get("input"), "error": found.get("error"), "cause": found.get("cause")}
        )


class Statuses:
    """The status records of both pipelines."""

    def __init__(self, client: "DynamoDBClient", imports_table: str, videos_table: str) -> None:
        self._client = client
        self._tables = {"imports": imports_table, "videos": videos_table}

    def fail(self, subject: Subject, execution_arn: str, why: Reason, updated_at: str) -> bool:
        """Sets the state to failed; False when this execution is not the one that the record says is running."""
        with aws_errors(f"record the failure of {execution_arn}"):
            try:
                self._client.update_item(
                    TableName=self._tables[subject.table],
                    Key={name: {"S": value} for name, value in subject.key.items()},
                    UpdateExpression="SET #state = :failed, #reason = :reason, #updated_at = :updated_at",
                    ConditionExpression="#state IN (:processing, :restoring) AND #execution = :execution",
                    ExpressionAttributeNames={
                        "#state": "state",
                        "#reason": "reason",
                        "#updated_at": "updated_at",
                        "#execution": "execution",
                    },
                    ExpressionAttributeValues={
                        ":failed": {"S": "failed"},
                        ":reason": {"M": {"code": {"S": why.code}, "message": {"S": why.message}}},
                        ":updated_at": {"S": updated_at},
                        ":processing": {"S": "processing"},
                        ":restoring": {"S": "restoring"},
                        ":execution": {"S": execution_arn},
                    },
                )
            except ClientError as error:
                if error_code(error) == "ConditionalCheckFailedException":
                    return False
                raise
            return True
