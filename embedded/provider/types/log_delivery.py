"""Delivery of logs that a service writes: source, destination, and the delivery between them."""

from embedded.provider.kinds import simple, undo

simple(
    "aws:cloudwatch/logDeliverySource:LogDeliverySource",
    "logs",
    "PutDeliverySource",
    tags=True,
    id="{name}",
    outputs={
        "arn": "arn:{partition}:logs:{region}:{account}:delivery-source:{name}",
        "service": "{response[deliverySource][service]}",
    },
    # A source keeps its resource: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html
    identity=("name", "resourceArn", "logType"),
    delete=undo("DeleteDeliverySource", name="{name}"),
)

simple(
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    "logs",
    "PutDeliveryDestination",
    tags=True,
    rename={"deliveryDestinationConfiguration.destinationResourceArn": "destinationResourceArn"},
    id="{name}",
    outputs={
        "arn": "arn:{partition}:logs:{region}:{account}:delivery-destination:{name}",
        "deliveryDestinationType": "{response[deliveryDestination][deliveryDestinationType]}",
    },
    identity=("name", "outputFormat", "deliveryDestinationConfiguration", "deliveryDestinationType"),
    delete=undo("DeleteDeliveryDestination", name="{name}"),
)

simple(
    "aws:cloudwatch/logDelivery:LogDelivery",
    "logs",
    "CreateDelivery",
    tags=True,
    rename={"s3DeliveryConfigurations": "s3DeliveryConfiguration"},
    id="{response[delivery][id]}",
    outputs={"arn": "{response[delivery][arn]}"},
    identity=(
        "deliverySourceName",
        "deliveryDestinationArn",
        "recordFields",
        "fieldDelimiter",
        "s3DeliveryConfigurations",
    ),
    delete=undo("DeleteDelivery", id="{id}"),
)
