//! Under which URL this server is reached: for the links that people and agents are given.

use http::header::HOST;
use http::request::Parts;

use crate::wall::{ApiOptions, is_loopback_host};

/// `scheme://authority`, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

impl BaseUrl {
    /// What the operator has set, or else what the request says: its `Host` was judged by the wall. TLS ends in front of
    /// this server, so a name that is not loopback is taken to be reached by `https`.
    pub(crate) fn of(options: &ApiOptions, parts: &Parts) -> Self {
        if let Some(set) = &options.public_url {
            return Self(set.trim_end_matches('/').to_owned());
        }
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let scheme = if is_loopback_host(host) { "http" } else { "https" };
        Self(format!("{scheme}://{host}"))
    }

    /// The URL of a path, which begins with a slash.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(public_url: Option<&str>, host: &str) -> String {
        let options = ApiOptions { public_url: public_url.map(str::to_owned), ..ApiOptions::default() };
        let (parts, ()) = http::Request::builder().header(HOST, host).body(()).unwrap().into_parts();
        BaseUrl::of(&options, &parts).join("/x")
    }

    #[test]
    fn the_operators_word_comes_first() {
        let table = [
            (Some("https://gw.example/"), "127.0.0.1:8080", "https://gw.example/x"),
            (None, "127.0.0.1:8080", "http://127.0.0.1:8080/x"),
            (None, "localhost", "http://localhost/x"),
            (None, "gw.example:8443", "https://gw.example:8443/x"),
        ];
        for (set, host, expected) in table {
            assert_eq!(base(set, host), expected);
        }
    }
}
