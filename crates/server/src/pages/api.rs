//! The readable API reference, made from the OpenAPI document.

use std::fmt::Write as _;

use serde_json::Value;

use super::html::{escape, page, text};

/// The page `/docs`.
pub(crate) fn api_page(document: &Value) -> String {
    let mut body = String::new();
    let info = &document["info"];
    let _ = write!(
        body,
        "<h1>{}</h1>\n<p class=\"soft\">Version {}, OpenAPI document at <a href=\"/api/openapi.json\">\
         <code>/api/openapi.json</code></a></p>\n",
        text(str_of(&info["title"])),
        text(str_of(&info["version"])),
    );
    for paragraph in str_of(&info["description"]).split("\n\n") {
        let _ = writeln!(body, "{}", paragraph_html(paragraph));
    }
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = str_of(&tag["name"]);
        let _ = write!(
            body,
            "<h2>{}</h2>\n<p>{}</p>\n",
            text(&super::html::capital(name)),
            text(str_of(&tag["description"]))
        );
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                if operation["tags"][0] == *name {
                    body.push_str(&operation_html(method, path, operation));
                }
            }
        }
    }
    body.push_str("<h2>Shapes</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        body.push_str(&schema_html(name, schema));
    }
    page(str_of(&info["title"]), &body)
}

fn paragraph_html(paragraph: &str) -> String {
    match paragraph.strip_prefix("    ") {
        Some(code) => format!("<pre><code>{}</code></pre>", escape(&code.replace("\n    ", "\n"))),
        None => format!("<p>{}</p>", text(paragraph)),
    }
}

fn operation_html(method: &str, path: &str, operation: &Value) -> String {
    let mut html = format!(
        "<section id=\"{id}\"><h3><span class=\"method\">{}</span>{}</h3>\n<p>{}</p>\n",
        method.to_uppercase(),
        escape(path),
        text(str_of(&operation["summary"])),
        id = escape(str_of(&operation["operationId"])),
    );
    for paragraph in str_of(&operation["description"]).split("\n\n").filter(|text| !text.is_empty()) {
        let _ = writeln!(html, "{}", paragraph_html(paragraph));
    }
    let parameters = operation["parameters"].as_array().filter(|list| !list.is_empty());
    if let Some(parameters) = parameters {
        html.push_str("<h4>Parameters</h4>\n<div class=\"scroll\"><table><tbody>\n");
        for parameter in parameters {
            let _ = writeln!(
                html,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                escape(str_of(&parameter["name"])),
                escape(str_of(&parameter["in"])),
                text(str_of(&parameter["description"])),
            );
        }
        html.push_str("</tbody></table></div>\n");
    }
    html.push_str("<h4>Answers</h4>\n<div class=\"scroll\"><table><tbody>\n");
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let shape = answer["content"].as_object().and_then(|content| content.iter().next());
        let shape = shape.map(|(media_type, content)| match reference(&content["schema"]) {
            Some(name) => format!("<a href=\"#{0}\">{0}</a>", escape(name)),
            None => escape(media_type),
        });
        let _ = writeln!(
            html,
            "<tr><td><code>{status}</code></td><td>{}</td><td>{}</td></tr>",
            text(str_of(&answer["description"])),
            shape.unwrap_or_default(),
        );
    }
    html.push_str("</tbody></table></div></section>\n");
    html
}

fn schema_html(name: &str, schema: &Value) -> String {
    let mut html = format!(
        "<section id=\"{0}\"><h3>{0}</h3>\n<p>{1}</p>\n",
        escape(name),
        text(str_of(&schema["description"]))
    );
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> =
            words.iter().map(|word| format!("<code>{}</code>", escape(str_of(word)))).collect();
        let _ = writeln!(html, "<p>One of {}</p>", words.join(", "));
    }
    if let Some(properties) = schema["properties"].as_object() {
        html.push_str("<div class=\"scroll\"><table><tbody>\n");
        for (field, property) in properties {
            let _ = writeln!(
                html,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                escape(field),
                type_html(property),
                text(str_of(&property["description"])),
            );
        }
        html.push_str("</tbody></table></div>\n");
    }
    html.push_str("</section>\n");
    html
}

fn type_html(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return format!("<a href=\"#{0}\">{0}</a>", escape(name));
    }
    if schema["type"] == "array" {
        return format!("list of {}", type_html(&schema["items"]));
    }
    let names = match &schema["type"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    escape(&names.join(" or "))
}

/// The name of the shape that a schema refers to, also through `oneOf` with null.
fn reference(schema: &Value) -> Option<&str> {
    let direct = schema["$ref"].as_str();
    let either = || {
        ["oneOf", "allOf", "anyOf"]
            .iter()
            .find_map(|word| schema[*word].as_array()?.iter().find_map(|choice| choice["$ref"].as_str()))
    };
    direct.or_else(either)?.rsplit('/').next()
}

fn str_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
