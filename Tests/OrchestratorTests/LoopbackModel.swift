import Core
import TestSupport

/// A model server with scripted answers: the streams of the Anthropic Messages API and of the OpenAI Responses API.
struct LoopbackModel: Sendable {
    private let server: LoopbackServer

    var url: String { server.url }

    /// `answer` is given the request's body, in which texts are escaped as in JSON.
    init(_ answer: @escaping @Sendable (String) -> String) throws {
        server = try LoopbackServer { request in
            let body = String(decoding: request.body, as: UTF8.self)
            let stream: String
            if request.line.contains("/count_tokens") {
                return Self.json(["input_tokens": 10])
            } else if request.line.contains("/messages") {
                stream = Self.messages(answer(body))
            } else if request.line.contains("/responses") {
                stream = Self.responses(answer(body))
            } else {
                return Self.json(["data": [], "models": [], "object": "list"])
            }
            return .respond(
                status: 200, headers: ["content-type": "text/event-stream"], body: Array(stream.utf8))
        }
    }

    func stop() { server.stop() }

    private static func json(_ value: JSONValue) -> LoopbackServer.Answer {
        .respond(
            status: 200, headers: ["content-type": "application/json"], body: Array(value.serialized().utf8))
    }

    private static func messages(_ text: String) -> String {
        let message: JSONValue = [
            "id": "m", "type": "message", "role": "assistant", "model": "mock", "content": [],
            "stop_reason": .null, "stop_sequence": .null,
            "usage": ["input_tokens": 5, "output_tokens": 1],
        ]
        return [
            event("message_start", ["message": message]),
            event("content_block_start", ["index": 0, "content_block": ["type": "text", "text": ""]]),
            event(
                "content_block_delta",
                ["index": 0, "delta": ["type": "text_delta", "text": .string(text)]]),
            event("content_block_stop", ["index": 0]),
            event(
                "message_delta",
                [
                    "delta": ["stop_reason": "end_turn", "stop_sequence": .null],
                    "usage": ["output_tokens": 9],
                ]),
            event("message_stop", [:]),
        ].joined()
    }

    private static func responses(_ text: String) -> String {
        let item: JSONValue = [
            "type": "message", "id": "m", "role": "assistant",
            "content": [["type": "output_text", "text": .string(text)]],
        ]
        let usage: JSONValue = [
            "input_tokens": 5, "input_tokens_details": .null, "output_tokens": 3,
            "output_tokens_details": .null, "total_tokens": 8,
        ]
        return [
            event("response.created", ["response": ["id": "r"]]),
            event("response.output_item.done", ["output_index": 0, "item": item]),
            event("response.completed", ["response": ["id": "r", "usage": usage]]),
        ].joined()
    }

    private static func event(_ type: String, _ fields: JSONObject) -> String {
        var object: JSONObject = ["type": .string(type)]
        for key in fields.keys { object[key] = fields[key] }
        return "event: \(type)\ndata: \(JSONValue.object(object).serialized())\n\n"
    }
}
