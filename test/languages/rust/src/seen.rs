//! What a client has read of an answer so far.

use std::collections::BTreeMap;

use async_openai::error::OpenAIError;
use serde_json::{json, Value};

#[derive(Default)]
struct Choice {
    text: String,
    finish: Option<String>,
    calls: BTreeMap<u64, (String, String)>,
}

#[derive(Default)]
pub struct Seen {
    choices: BTreeMap<u64, Choice>,
    usage: Option<Value>,
}

/// What the client raised.
pub struct Failure {
    class: String,
    status: Option<u16>,
    message: String,
}

impl Failure {
    pub fn of<E: std::fmt::Display>(error: E) -> Self {
        let class = std::any::type_name::<E>().to_string();
        Failure { class, status: None, message: error.to_string() }
    }

    pub fn of_client(error: OpenAIError) -> Self {
        let described = format!("{error:?}");
        let class = described.split(['(', ' ']).next().unwrap_or_default().to_string();
        let status = match &error {
            OpenAIError::ApiError(answer) => Some(answer.status_code.as_u16()),
            OpenAIError::Reqwest(error) => error.status().map(|status| status.as_u16()),
            _ => None,
        };
        let message = match &error {
            OpenAIError::Reqwest(_) => described,
            _ => error.to_string(),
        };
        Failure { class, status: status.filter(|status| *status != 200), message }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

impl Seen {
    /// An answer or a chunk.
    pub fn add(&mut self, piece: &Value) {
        let usage = &piece["usage"];
        if usage.is_object() {
            self.usage = Some(json!([usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]]));
        }
        for each in piece["choices"].as_array().into_iter().flatten() {
            let said = if each["delta"].is_object() { &each["delta"] } else { &each["message"] };
            let choice = self.choices.entry(each["index"].as_u64().unwrap_or(0)).or_default();
            choice.text += text(&said["content"]);
            if let Some(finish) = each["finish_reason"].as_str() {
                choice.finish = Some(finish.to_string());
            }
            for (at, call) in said["tool_calls"].as_array().into_iter().flatten().enumerate() {
                let one = choice.calls.entry(call["index"].as_u64().unwrap_or(at as u64)).or_default();
                one.0 += text(&call["function"]["name"]);
                one.1 += text(&call["function"]["arguments"]);
            }
        }
    }

    pub fn shown(&self, failure: Option<Failure>) -> Value {
        let choices: Vec<Value> = self
            .choices
            .values()
            .map(|choice| {
                let calls: Vec<Value> = choice.calls.values().map(|(name, args)| json!([name, args])).collect();
                json!({"text": choice.text, "finish": choice.finish, "calls": calls})
            })
            .collect();
        let error = failure
            .map(|failure| json!({"class": failure.class, "status": failure.status, "message": failure.message}));
        json!({"choices": choices, "usage": self.usage, "error": error})
    }
}
