"""The AsyncAPI 3.0 document: what agencies send and receive, and what our services say to each other, on which exchange or queue."""

from contracts import AGENCIES, AGENCY_EVENTS, DOMAIN_EVENTS, NOTICES, RECEIPTS, ROLES, SEALED_EVENTS, STREAMS, samples
from contracts.channels import AGENCIES_EXCHANGE, exchange_of
from contracts.events import EventType
from contracts.fields import DISPUTE_CODE, EVENT_ID, SOURCE
from docs.generate.contracts import json_schemas

VHOST = "fengqiao"
BINDING = "0.3.0"
MEDIA = "application/cloudevents+json"
HEAR = {"agencies": AGENCY_EVENTS, "inbox": RECEIPTS | NOTICES} | {
    stream: {row.type: row for row in (*DOMAIN_EVENTS.values(), *SEALED_EVENTS.values()) if row.stream == stream} for stream in STREAMS
}


def document() -> dict:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "枫桥 Fengqiao",
            "version": "1.0.0",
            "description": "县域矛盾纠纷多元化解：各机构以事件互通。字段只增不改，含义变化即为新的事件类型。\n\n"
            "A county's dispute-resolution agencies, linked by events. Fields may be added, never renamed; a new meaning is a new type.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": MEDIA,
        "servers": {
            "county": {
                "host": "{host}:5671",
                "protocol": "amqps",
                "protocolVersion": "0.9.1",
                "pathname": f"/{VHOST}",
                "description": "县级消息服务，每个机构一个账户。The county's broker; one user per agency.",
                "variables": {"host": {"default": "localhost"}},
            }
        },
        "channels": {
            "agencies": _agencies_channel(),
            "inbox": _inbox_channel(),
            **{stream: _stream_channel(stream) for stream in STREAMS if HEAR[stream]},
        },
        "operations": _operations(),
        "components": {
            "messages": {_key(row): _message(row) for rows in HEAR.values() for row in rows.values()},
            "schemas": {"CloudEvent": CLOUD_EVENT},
        },
    }


def _agencies_channel():
    return {
        "address": "{agency}.{type}",
        "title": "机构上报 what agencies say",
        "description": "每个机构只能以自己的代码为前缀发布。An agency publishes under its own code only.",
        "parameters": {"agency": _agency_parameter(), "type": {"description": "事件类型 the event's type", "enum": list(AGENCY_EVENTS)}},
        "messages": _messages("agencies"),
        "bindings": _exchange(AGENCIES_EXCHANGE),
    }


def _inbox_channel():
    queue = {"name": "agency.{agency}", "durable": True, "exclusive": False, "autoDelete": False, "vhost": f"/{VHOST}"}
    return {
        "address": "agency.{agency}",
        "title": "机构收件队列 an agency's inbox",
        "description": "回执与通知。Receipts and notices.",
        "parameters": {"agency": _agency_parameter()},
        "messages": _messages("inbox"),
        "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": BINDING}},
    }


def _stream_channel(stream):
    return {
        "address": "{partition}.{type}",
        "title": f"{stream} 的领域事件 what {stream} says",
        "description": "仅供内部服务；不含个人信息。Between our services only; no personal data.",
        "parameters": {
            "partition": {"description": "crc32(编码) % 分区数。crc32(code) % partitions"},
            "type": {"description": "事件类型 the event's type", "enum": list(HEAR[stream])},
        },
        "messages": _messages(stream),
        "bindings": _exchange(exchange_of(stream)),
    }


def _agency_parameter():
    return {"description": "机构代码 the agency's code", "enum": list(AGENCIES)}


def _exchange(name):
    exchange = {"name": name, "type": "topic", "durable": True, "autoDelete": False, "vhost": f"/{VHOST}"}
    return {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": BINDING}}


def _messages(channel):
    return {_key(row): {"$ref": f"#/components/messages/{_key(row)}"} for row in HEAR[channel].values()}


def _operations():
    agencies = {
        "agencySays": {"action": "send", "summary": "机构上报事件 an agency reports", "channel": {"$ref": "#/channels/agencies"}},
        "agencyHears": {"action": "receive", "summary": "机构接收回执与通知 an agency takes its receipts and notices", "channel": {"$ref": "#/channels/inbox"}},
    }
    services = {
        f"{stream}Says": {"action": "send", "summary": f"{stream} 发布领域事件 {stream} says", "channel": {"$ref": f"#/channels/{stream}"}}
        for stream in STREAMS
        if HEAR[stream]
    }
    return agencies | services


def _key(row: EventType) -> str:
    return f"{row.stream}.{row.type}"


def _message(row):
    said_by = sorted(row.allowed_roles) or [row.stream]
    who = "、".join(ROLES[one][0] if one in ROLES else one for one in said_by)
    who_en = ", ".join(ROLES[one][1] if one in ROLES else one for one in said_by)
    data = {name: value for name, value in json_schemas.of_event(row).items() if name not in ("$schema", "$id", "examples")}
    return {
        "name": row.type,
        "title": row.zh,
        "summary": row.en,
        "description": f"由{who}上报。\n\nSaid by: {who_en}." if row.stream == "agencies" else f"由 {who} 发布。\n\nSaid by {who_en}.",
        "contentType": MEDIA,
        "payload": {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, {"type": "object", "properties": {"type": {"const": row.type}, "data": data}}]},
        "bindings": {"amqp": {"messageType": row.type, "bindingVersion": BINDING}},
        "examples": [{"name": "example", "payload": envelope(row)}],
        "x-said-by": said_by,
    }


def envelope(row: EventType) -> dict:
    """The example as it travels: a CloudEvent in structured mode."""
    inside = {"sequence": "3", "causationid": samples.ACCEPTANCE["id"]} if row.stream in STREAMS and row.type not in (*RECEIPTS, *NOTICES) else {}
    return {
        "specversion": "1.0",
        "id": f"{samples.DISPUTE}/3" if inside else "2026-0042",
        "source": _example_source(row),
        "type": row.type,
        "subject": samples.DISPUTE,
        "time": "2026-03-04T03:00:00+00:00",
        "datacontenttype": "application/json",
        "dataschema": row.dataschema,
        **inside,
        "data": row.example,
    }


def _example_source(row):
    if row.stream != "agencies":
        return f"/services/{row.stream}"
    return "/agencies/" + next(code for code, agency in AGENCIES.items() if agency.role in row.allowed_roles)


CLOUD_EVENT = {
    "type": "object",
    "description": "CloudEvents 1.0",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "pattern": EVENT_ID, "description": "同一source内唯一；重发须用同一id。Unique per source; a repeat keeps it."},
        "source": {"type": "string", "pattern": SOURCE},
        "type": {"type": "string"},
        "subject": {
            "type": "string",
            "description": f"纠纷编码（{DISPUTE_CODE}）；尚无编码时为本机构的report_no。The dispute's code; the agency's own report_no before it knows the code.",
        },
        "time": {"type": "string", "format": "date-time", "description": "事情发生的时间 when it happened in the world"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string"},
        "sequence": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "同一source、同一subject内从1起连续。1, 2, 3 … per source and subject."},
        "causationid": {"type": "string"},
        "traceparent": {"type": "string"},
        "data": {"type": "object"},
    },
}
