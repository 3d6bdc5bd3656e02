"""Generator of the AsyncAPI 3.0 document. It describes the events of agencies and, optionally, those that services publish to each other."""

from contracts.answers import NOTICES, RECEIPTS
from contracts.channels import AGENCIES_EXCHANGE, STREAMS, exchange_of
from contracts.county import AGENCIES, COUNTY, ROLES
from contracts.definitions import EventType
from contracts.events import AGENCY_EVENTS, DOMAIN_EVENTS, SEALED_EVENTS
from contracts.fields import DISPUTE_CODE_PATTERN, EVENT_ID_PATTERN, SOURCE_PATTERN
from contracts.json_schema import definition_name, event_definitions
from contracts.samples import DISPUTE

VHOST = "fengqiao"
BINDING_VERSION = "0.3.0"  # version of the AsyncAPI bindings for AMQP
CONTENT_TYPE = "application/cloudevents+json"
SCHEMAS_POINTER = "#/components/schemas"


def document(with_internal_events: bool = False, neutral: bool = False) -> dict:
    """Return the AsyncAPI document as a JSON object.

    `with_internal_events`: include the events that services publish to each other. `neutral`: state the form of agency and township codes, which is the same in
    every county, instead of listing the codes of the county that this installation serves.
    """
    channels = {"agencies": AGENCY_EVENTS, "inbox": RECEIPTS | NOTICES}
    if with_internal_events:
        published = [*DOMAIN_EVENTS.values(), *SEALED_EVENTS.values()]
        channels |= {stream: {event_type.type: event_type for event_type in published if event_type.stream == stream} for stream in STREAMS}
        channels = {name: event_types for name, event_types in channels.items() if event_types}
    event_types = [event_type for event_types in channels.values() for event_type in event_types.values()]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "枫桥 Fengqiao" if neutral else f"枫桥 Fengqiao · {COUNTY.zh} {COUNTY.en}",
            "version": "1.0.0",
            "description": "县域矛盾纠纷多元化解：各机构通过事件交换信息。字段只增不改，含义变化的，另设事件类型。\n\n"
            "Events exchanged by a county's dispute-resolution agencies. Fields may be added but are never renamed; a changed meaning becomes a new event type.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "county": {
                "host": "{host}:5671",
                "protocol": "amqps",
                "protocolVersion": "0.9.1",
                "pathname": f"/{VHOST}",
                "description": "县级消息服务，每个机构一个账户。The county's message broker, with one user per agency.",
                "variables": {"host": {"default": "localhost"}},
            }
        },
        "channels": {name: _channel(name, event_types, neutral) for name, event_types in channels.items()},
        "operations": {_operation_name(name): _asyncapi_operation(name) for name in channels},
        "components": {
            "messages": {definition_name(event_type): _message(event_type) for event_type in event_types},
            "messageTraits": {"CloudEvent": {"contentType": CONTENT_TYPE, "bindings": {"amqp": {"bindingVersion": BINDING_VERSION}}}},
            "schemas": {"CloudEvent": CLOUD_EVENT, **event_definitions(event_types, SCHEMAS_POINTER, neutral)},
        },
    }


def _channel(name: str, event_types: dict[str, EventType], neutral: bool) -> dict:
    messages = {definition_name(event_type): {"$ref": f"#/components/messages/{definition_name(event_type)}"} for event_type in event_types.values()}
    agency = {"description": "机构代码 code of the agency"} | ({"examples": [next(iter(AGENCIES))]} if neutral else {"enum": list(AGENCIES)})
    type_ = {"description": "事件类型 event type", "enum": list(event_types)}
    if name == "agencies":
        return {
            "address": "{agency}.{type}",
            "title": "机构上报 events reported by agencies",
            "description": "每个机构只能以本机构代码为前缀发布。An agency publishes under its own code only.",
            "parameters": {"agency": agency, "type": type_},
            "messages": messages,
            "bindings": _exchange_binding(AGENCIES_EXCHANGE),
        }
    if name == "inbox":
        queue = {"name": "agency.{agency}", "durable": True, "exclusive": False, "autoDelete": False, "vhost": f"/{VHOST}"}
        return {
            "address": "agency.{agency}",
            "title": "机构收件队列 inbox queue of an agency",
            "description": "回执与通知。合并收件的机构，一条消息可为多个事件的数组（application/cloudevents-batch+json）。Receipts and notices. A message to an agency that "
            "reads batches may be an array of events (application/cloudevents-batch+json).",
            "parameters": {"agency": agency},
            "messages": messages,
            "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": BINDING_VERSION}},
        }
    return {
        "address": "{partition}.{type}",
        "title": f"{name} 的领域事件 domain events published by {name}",
        "description": "仅供内部服务使用，不含个人信息。For internal services only; contains no personal data.",
        "parameters": {"partition": {"description": "crc32(纠纷编码) % 分区数。crc32(dispute code) % number of partitions"}, "type": type_},
        "messages": messages,
        "bindings": _exchange_binding(exchange_of(name)),
    }


def _exchange_binding(name: str) -> dict:
    exchange = {"name": name, "type": "topic", "durable": True, "autoDelete": False, "vhost": f"/{VHOST}"}
    return {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": BINDING_VERSION}}


def _operation_name(channel: str) -> str:
    return {"agencies": "agencyReports", "inbox": "agencyReceives"}.get(channel, f"{channel}Publishes")


def _asyncapi_operation(channel: str) -> dict:
    if channel == "inbox":
        return {"action": "receive", "summary": "机构接收回执与通知 an agency receives its receipts and notices", "channel": {"$ref": "#/channels/inbox"}}
    summary = "机构上报事件 an agency reports events" if channel == "agencies" else f"{channel} 发布领域事件 {channel} publishes domain events"
    return {"action": "send", "summary": summary, "channel": {"$ref": f"#/channels/{channel}"}}


def _message(event_type: EventType) -> dict:
    roles = sorted(event_type.allowed_roles)
    reporters_zh = "、".join(ROLES[role][0] for role in roles) or event_type.stream
    reporters_en = ", ".join(ROLES[role][1] for role in roles) or event_type.stream
    data = {"$ref": f"{SCHEMAS_POINTER}/{definition_name(event_type)}"}
    return {
        "name": event_type.type,
        "title": event_type.zh,
        "summary": event_type.en,
        "description": f"由{reporters_zh}上报。 | Reported by: {reporters_en}." if roles else f"由 {reporters_zh} 发布。 | Published by {reporters_en}.",
        "traits": [{"$ref": "#/components/messageTraits/CloudEvent"}],
        "payload": {"allOf": [{"$ref": f"{SCHEMAS_POINTER}/CloudEvent"}, {"properties": {"type": {"const": event_type.type}, "data": data}}]},
        "examples": [{"name": "example", "payload": example_event(event_type)}],
        "x-roles": roles,
    }


def example_event(event_type: EventType) -> dict:
    """Return an example event of this type as a CloudEvent in structured mode."""
    is_internal = event_type.stream in STREAMS and event_type.type not in (*RECEIPTS, *NOTICES)
    source = f"/services/{event_type.stream}" if not event_type.allowed_roles else "/agencies/" + _first_reporting_agency(event_type)
    return {
        "specversion": "1.0",
        "id": f"{DISPUTE}/3" if is_internal else "2026-0042",
        "source": source,
        "type": event_type.type,
        "subject": DISPUTE,
        "time": "2026-03-04T03:00:00+00:00",
        "datacontenttype": "application/json",
        "dataschema": event_type.dataschema,
        **({"sequence": "3", "causationid": "dm-2026-0007"} if is_internal else {}),
        "data": event_type.example,
    }


def _first_reporting_agency(event_type: EventType) -> str:
    return next((code for code, agency in AGENCIES.items() if agency.role in event_type.allowed_roles), next(iter(AGENCIES)))


CLOUD_EVENT = {
    "type": "object",
    "description": "CloudEvents 1.0",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {
            "type": "string",
            "pattern": EVENT_ID_PATTERN,
            "description": "同一source内唯一；重发须使用同一id。 | Unique per source; an event that is sent again keeps its id.",
        },
        "source": {"type": "string", "pattern": SOURCE_PATTERN, "description": "上报机构或者发布服务。 | The agency or service that publishes the event."},
        "type": {"type": "string", "description": "事件类型。 | Event type."},
        "subject": {
            "type": "string",
            "description": f"纠纷编码（{DISPUTE_CODE_PATTERN}）；尚未取得编码的，填写本机构的report_no。 | Code of the dispute; the agency's own `report_no` if it has not received the code yet.",
        },
        "time": {"type": "string", "format": "date-time", "description": "所报事项的发生时间。 | Time at which the reported fact happened."},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "description": "数据结构的版本。 | Version of the schema of `data`."},
        "sequence": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": "同一source、同一subject内自1起连续编号；仅内部事件使用。 | Consecutive number from 1 per source and subject; in internal events only.",
        },
        "causationid": {"type": "string", "description": "引起本事件的事件id。 | Id of the event that caused this event."},
        "traceparent": {"type": "string", "description": "W3C追踪上下文。 | W3C Trace Context."},
        "data": {"type": "object"},
    },
}
