//! Keeps other web pages away. There is no sign-in yet, so a page from elsewhere in the user's own browser is the way in.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};

use crate::app::App;
use crate::error::ApiError;

/// Refuses requests under a foreign host name (DNS rebinding) and changes that another site's page asks for.
pub(super) fn check(app: &App, request: &Request) -> Result<(), ApiError> {
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return Err(ApiError::invalid("Host", "expected one header, found several (RFC 9112, 3.2)"));
    }
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    if let Some(host) = host.filter(|host| !is_own(host, &app.config.server.allowed_hosts)) {
        let detail = format!(
            "this server is not `{host}`; use `localhost`, or add the name to `server.allowed_hosts`"
        );
        return Err(ApiError::invalid("Host", detail));
    }
    if changes(request.method()) && from_other_site(request.headers()) {
        return Err(ApiError::invalid("Origin", "a page of another site may not change anything here"));
    }
    Ok(())
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn from_other_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => !matches!(site, "same-origin" | "none"),
        // Older browsers name the origin only; programs name neither.
        None => match (text("origin"), text("host")) {
            (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, from)| from != host),
            _ => false,
        },
    }
}

fn is_own(host: &str, allowed: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        || allowed.split(',').any(|own| !own.trim().is_empty() && own.trim().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_names_are_answered() {
        for own in ["localhost", "LOCALHOST:3000", "127.0.0.1:3000", "127.9.9.9", "[::1]:3000", "csv.test:1"]
        {
            assert!(is_own(own, "a.test, csv.test"), "{own}");
        }
        for foreign in
            ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:3000", "10.0.0.1", ""]
        {
            assert!(!is_own(foreign, "a.test"), "{foreign}");
        }
    }

    #[test]
    fn only_own_pages_may_change_things() {
        let check = |pairs: &[(&'static str, &str)], foreign: bool| {
            let mut headers = HeaderMap::new();
            for (name, text) in pairs {
                headers.insert(*name, text.parse().unwrap());
            }
            assert_eq!(from_other_site(&headers), foreign, "{pairs:?}");
        };
        check(&[], false);
        check(&[("sec-fetch-site", "same-origin")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("sec-fetch-site", "cross-site")], true);
        check(&[("sec-fetch-site", "same-site")], true);
        check(&[("origin", "http://localhost:3000"), ("host", "localhost:3000")], false);
        check(&[("origin", "http://evil.example"), ("host", "localhost:3000")], true);
        check(&[("origin", "null"), ("host", "localhost:3000")], true);
    }
}
