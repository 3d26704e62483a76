"""From Kafka messages to run requests: the decisions of the sensor, apart from Dagster and from Kafka.

Belongs here: the cursor, where to start reading, what to make of messages. Values in, values out.
Does not belong here: a consumer (``resources.kafka_reader``), a sensor (``defs.sensors``).
"""
