//! Reads tasks from the standard input, one a line, and writes what the client saw of each.

mod seen;

use std::time::Duration;

use async_openai::config::OpenAIConfig;
use async_openai::types::chat::CreateChatCompletionRequest;
use async_openai::Client;
use futures::StreamExt;
use seen::{Failure, Seen};
use serde_json::{json, Value};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

const KEY: &str = "sk-caller-key";
const SILENCE: Duration = Duration::from_secs(4);

fn body(task: &Value) -> Value {
    let mut made = json!({
        "model": task["model"],
        "messages": [{"role": "user", "content": "What is the weather in Paris?"}],
    });
    if task["n"].as_u64() > Some(1) {
        made["n"] = task["n"].clone();
    }
    if task["usage"] == true {
        made["stream_options"] = json!({"include_usage": true});
    }
    if task["tools"] == true {
        let properties = json!({"city": {"type": "string"}});
        let parameters = json!({"type": "object", "properties": properties, "required": ["city"]});
        let function = json!({"name": "get_weather", "parameters": parameters});
        made["tools"] = json!([{"type": "function", "function": function}]);
    }
    made
}

/// Asks with async-openai as it is, and waits for so long for each piece of a stream.
async fn ask(task: &Value, seen: &mut Seen) -> Result<(), Failure> {
    let base = task["baseURL"].as_str().unwrap_or_default();
    let config = OpenAIConfig::new().with_api_base(base).with_api_key(KEY);
    let client = Client::with_config(config);
    let request: CreateChatCompletionRequest = serde_json::from_value(body(task)).map_err(Failure::of)?;
    if task["stream"] != true {
        let answer = client.chat().create(request).await.map_err(Failure::of_client)?;
        seen.add(&serde_json::to_value(answer).map_err(Failure::of)?);
        return Ok(());
    }
    let mut stream = client.chat().create_stream(request).await.map_err(Failure::of_client)?;
    while let Some(piece) = timeout(SILENCE, stream.next()).await.map_err(Failure::of)? {
        let piece = piece.map_err(Failure::of_client)?;
        seen.add(&serde_json::to_value(piece).map_err(Failure::of)?);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let task: Value = serde_json::from_str(&line).expect("a task is JSON");
        tokio::spawn(async move {
            let mut seen = Seen::default();
            let failure = ask(&task, &mut seen).await.err();
            println!("{}", json!({"id": task["id"], "seen": seen.shown(failure)}));
        });
    }
}
