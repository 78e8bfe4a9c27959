// A metric in Rust, written from docs/protocol.md alone: the share of the reference's words that stand in the prediction. Nothing but
// the standard library, so that a JSON reader is part of it; with the crate serde_json it would be half as long.
//
//   rustc -O word_overlap.rs
//   sextant plugins check ./word_overlap --kind metric
//   "metrics": [{"command": ["./word_overlap"], "config": {"case": true}}]

use std::collections::HashSet;
use std::io::{self, BufRead, Write};

enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn get(&self, key: &str) -> &Json {
        match self {
            Json::Object(members) => members.iter().find(|(name, _)| name == key).map_or(&Json::Null, |(_, value)| value),
            _ => &Json::Null,
        }
    }
    fn text(&self) -> String {
        match self {
            Json::Text(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Bool(value) => value.to_string(),
            _ => String::new(),
        }
    }
    fn items(&self) -> &[Json] {
        match self {
            Json::List(items) => items,
            _ => &[],
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, String>;

impl Reader<'_> {
    fn blank(&mut self) {
        while self.at < self.bytes.len() && self.bytes[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
    }
    fn peek(&self) -> u8 {
        *self.bytes.get(self.at).unwrap_or(&0)
    }
    fn take(&mut self, what: &str) -> Read<()> {
        if !self.bytes[self.at..].starts_with(what.as_bytes()) {
            return Err(format!("byte {}: '{}' is missing", self.at, what));
        }
        self.at += what.len();
        Ok(())
    }
    fn value(&mut self) -> Read<Json> {
        self.blank();
        match self.peek() {
            b'{' => self.object(),
            b'[' => self.list(),
            b'"' => Ok(Json::Text(self.string()?)),
            b't' => self.take("true").map(|_| Json::Bool(true)),
            b'f' => self.take("false").map(|_| Json::Bool(false)),
            b'n' => self.take("null").map(|_| Json::Null),
            _ => self.number(),
        }
    }
    fn object(&mut self) -> Read<Json> {
        let mut members = Vec::new();
        self.take("{")?;
        self.blank();
        while self.peek() != b'}' {
            self.blank();
            let name = self.string()?;
            self.blank();
            self.take(":")?;
            members.push((name, self.value()?));
            self.blank();
            if self.peek() != b'}' {
                self.take(",")?;
            }
        }
        self.take("}").map(|_| Json::Object(members))
    }
    fn list(&mut self) -> Read<Json> {
        let mut items = Vec::new();
        self.take("[")?;
        self.blank();
        while self.peek() != b']' {
            items.push(self.value()?);
            self.blank();
            if self.peek() != b']' {
                self.take(",")?;
            }
        }
        self.take("]").map(|_| Json::List(items))
    }
    fn number(&mut self) -> Read<Json> {
        let begin = self.at;
        while matches!(self.peek(), b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.bytes[begin..self.at]).unwrap_or("");
        text.parse().map(Json::Number).map_err(|_| format!("byte {}: no value", begin))
    }
    fn hex(&mut self) -> Read<u32> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or("a \\u without four digits")?;
        self.at += 4;
        u32::from_str_radix(std::str::from_utf8(digits).unwrap_or("x"), 16).map_err(|e| e.to_string())
    }
    fn string(&mut self) -> Read<String> {
        let mut out = Vec::new();
        self.take("\"")?;
        loop {
            let byte = self.peek();
            self.at += 1;
            match byte {
                b'"' => return String::from_utf8(out).map_err(|e| e.to_string()),
                0 if self.at > self.bytes.len() => return Err("a text without an end".into()),
                b'\\' => {
                    let escaped = self.peek();
                    self.at += 1;
                    let mut code = match escaped {
                        b'n' => 10,
                        b't' => 9,
                        b'r' => 13,
                        b'b' => 8,
                        b'f' => 12,
                        b'u' => self.hex()?,
                        other => other as u32,
                    };
                    if (0xD800..0xDC00).contains(&code) {
                        self.take("\\u")?; // the other half of a character
                        code = 0x10000 + ((code - 0xD800) << 10) + (self.hex()? & 0x3FF);
                    }
                    let mut buffer = [0; 4];
                    out.extend(char::from_u32(code).unwrap_or('\u{FFFD}').encode_utf8(&mut buffer).bytes());
                }
                _ => out.push(byte),
            }
        }
    }
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 32 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn score(item: &Json, case: bool) -> String {
    let words = |text: String| -> HashSet<String> {
        let text = if case { text } else { text.to_lowercase() };
        text.split_whitespace().map(str::to_owned).collect()
    };
    let (said, wanted) = (words(item.get("prediction").text()), words(item.get("reference").text()));
    if wanted.is_empty() {
        return "null".into();
    }
    let found = wanted.intersection(&said).count();
    let explanation = quote(&format!("{} of {} words", found, wanted.len()));
    format!("{{\"value\":{},\"explanation\":{}}}", found as f64 / wanted.len() as f64, explanation)
}

fn main() -> io::Result<()> {
    let mut case = false;
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let request = match (Reader { bytes: line.as_bytes(), at: 0 }).value() {
            Ok(request) => request,
            Err(why) => {
                eprintln!("word_overlap: {}", why);
                continue;
            }
        };
        let id = request.get("id").text();
        let answer = match request.get("call").text().as_str() {
            "hello" => {
                let mut wrong = None;
                if let Json::Object(members) = request.get("config") {
                    for (key, value) in members {
                        match (key.as_str(), value) {
                            ("case", Json::Bool(value)) => case = *value,
                            ("case", _) => wrong = Some("case: give true or false".to_string()),
                            _ => wrong = Some(format!("unknown key '{}'; known here: case", key)),
                        }
                    }
                }
                match wrong {
                    Some(why) => format!("\"error\":{}", quote(&why)),
                    None => "\"result\":{\"name\":\"word_overlap\",\"kind\":\"metric\"}".into(),
                }
            }
            "score" => {
                let results: Vec<String> = request.get("items").items().iter().map(|item| score(item, case)).collect();
                format!("\"results\":[{}]", results.join(","))
            }
            other => format!("\"error\":{}", quote(&format!("there is no call '{}' here", other))),
        };
        writeln!(out, "{{\"id\":{},{}}}", id, answer)?;
        out.flush()?;
    }
    Ok(())
}
