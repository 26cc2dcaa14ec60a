//! A small client of Portcullis' own HTTP API, for the demo and for the tools that measure. It goes out through the
//! egress like everything else, with the server's origin waived.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use color_eyre::eyre::{Result, WrapErr, bail};
use portcullis_drivers::egress::{EgressRules, HyperEgress, TlsRoots};
use portcullis_schemas::egress::{
    Egress, EgressLimits, EgressPurpose, EgressRequest, HeaderValue, HttpMethod,
};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::secret::Secret;
use serde_json::Value;

/// Speaks to one server with one key. Cheap to clone.
#[derive(Clone)]
pub struct ApiClient {
    egress: Arc<dyn Egress>,
    caller: TenantId,
    origin: String,
    key: Secret,
}

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body, as it came.
    pub text: String,
    /// Seconds to wait before it is sent again, if the answer says so.
    pub retry_after: Option<u64>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The body as JSON, if the status says success.
    ///
    /// # Errors
    /// With status and problem otherwise.
    pub fn success(self) -> Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("the API answered {}: {}", self.status, self.text);
        }
        Ok(self.json())
    }
}

impl ApiClient {
    /// A client of the server at `origin` (like `http://127.0.0.1:8642`).
    ///
    /// # Errors
    /// When `origin` is not one.
    pub fn new(origin: &str, key: Secret) -> Result<Self> {
        let rules = EgressRules::waiving([origin]).wrap_err("expected the server's origin")?;
        let egress = HyperEgress::new(rules, TlsRoots::mozilla()).wrap_err("the egress cannot be made")?;
        let caller = TenantId::from_trusted("api-client")?;
        Ok(Self { egress: Arc::new(egress), caller, origin: origin.to_owned(), key })
    }

    /// The origin of its server.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Its key, for requests that are sent in another way.
    #[must_use]
    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// The same server with another key.
    #[must_use]
    pub fn with_key(&self, key: Secret) -> Self {
        Self { key, ..self.clone() }
    }

    /// The same key at another server.
    ///
    /// # Errors
    /// When `origin` is not one.
    pub fn at(&self, origin: &str) -> Result<Self> {
        Self::new(origin, self.key.clone())
    }

    /// The same client over connections of its own.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn apart(&self) -> Result<Self> {
        self.at(&self.origin)
    }

    /// GET.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(HttpMethod::Get, path, None, &[]).await
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(HttpMethod::Post, path, Some(body), &[]).await
    }

    /// PUT with a JSON body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(HttpMethod::Put, path, Some(body), &[]).await
    }

    /// Any request, with further headers.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(
        &self,
        method: HttpMethod,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let mut lines = vec![(
            "authorization".to_owned(),
            HeaderValue::Secret(Secret::new(format!("Bearer {}", self.key.expose()))),
        )];
        if body.is_some() {
            lines.push(("content-type".to_owned(), HeaderValue::Plain("application/json".to_owned())));
        }
        lines.extend(headers.iter().map(|(n, v)| ((*n).to_owned(), HeaderValue::Plain((*v).to_owned()))));
        let request = EgressRequest {
            purpose: EgressPurpose::McpServer,
            method,
            url: format!("{}{path}", self.origin),
            headers: lines,
            body: body.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
            limits: EgressLimits {
                headers: Duration::from_secs(60),
                total: Duration::from_secs(90),
                ..EgressLimits::default()
            },
        };
        let mut response = self.egress.send(&self.caller, request).await?;
        let retry_after = response.header("retry-after").and_then(|seconds| seconds.parse().ok());
        let mut collected = BytesMut::new();
        while let Some(chunk) = response.body.next_chunk().await? {
            collected.extend_from_slice(&chunk);
        }
        let text = String::from_utf8_lossy(&collected).into_owned();
        Ok(Answer { status: response.status, text, retry_after })
    }
}

impl std::fmt::Debug for ApiClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiClient({})", self.origin)
    }
}
