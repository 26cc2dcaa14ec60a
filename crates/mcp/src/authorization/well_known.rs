//! Where metadata stand, and whether those of a resource are of the server that was asked.

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// The addresses of a server's protected resource metadata, in the order in which they are tried where no challenge names
/// one: with its path, then at the root (RFC 9728 section 3.1; MCP authorization, "Protected Resource Metadata Discovery").
pub fn resource_metadata_urls(server: &str) -> Vec<String> {
    let Some((origin, path)) = split(server) else { return Vec::new() };
    let (path, query) = path.find('?').map_or((path, ""), |at| path.split_at(at));
    let mut urls = Vec::new();
    if !matches!(path, "" | "/") {
        urls.push(format!("{origin}{RESOURCE}{path}{query}"));
    }
    urls.push(format!("{origin}{RESOURCE}"));
    urls
}

/// The addresses of an authorization server's metadata, in the order in which they are tried (MCP authorization,
/// "Authorization Server Metadata Discovery"). None for an issuer that is no `https` or `http` URL of an origin and a path.
pub fn server_metadata_urls(issuer: &str) -> Vec<String> {
    let Some((origin, path)) = split(issuer).filter(|_| !issuer.contains('?')) else { return Vec::new() };
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut urls = vec![format!("{origin}{OAUTH}{path}"), format!("{origin}{OPENID}{path}")];
    if !path.is_empty() {
        urls.push(format!("{origin}{path}{OPENID}"));
    }
    urls
}

/// Whether metadata of `resource` are about `server`: its URL, or one of the same origin above it in whole segments of the
/// path (RFC 9728 section 3.3; MCP authorization, "Canonical Server URI"). Sign by sign, but for a slash at the end.
pub fn covers(resource: &str, server: &str) -> bool {
    if resource == server {
        return true;
    }
    let (Some((origin, path)), Some((server_origin, server_path))) = (split(resource), split(server)) else {
        return false;
    };
    if origin != server_origin || path.contains('?') || has_steps(path) {
        return false;
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let server_path = server_path.split('?').next().unwrap_or_default();
    server_path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a web URL is of the host of `server`, on whatever port and with or without TLS.
pub(super) fn has_host_of(url: &str, server: &str) -> bool {
    let host = |url| {
        let (_, authority) = split(url)?.0.split_once("://")?;
        let (name, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
        Some(if is_port { name } else { authority }.to_ascii_lowercase())
    };
    host(url).is_some_and(|found| host(server) == Some(found))
}

/// Steps that another reader would resolve, whether written out or escaped.
fn has_steps(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("%2e", ".");
    path.split('/').any(|segment| segment == "." || segment == "..")
}

/// Origin and path of a web URL; `None` for what two readers could take for two addresses.
fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\@\"<>".contains(&byte));
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    (is_plain && authority > 0).then(|| url.split_at(url.len() - rest.len() + authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_resources_stand_at_the_path_and_then_at_the_root() {
        let table: [(&str, &[&str]); 5] = [
            (
                "https://a.example/public/mcp?x=1",
                &[
                    "https://a.example/.well-known/oauth-protected-resource/public/mcp?x=1",
                    "https://a.example/.well-known/oauth-protected-resource",
                ],
            ),
            ("https://a.example/", &["https://a.example/.well-known/oauth-protected-resource"]),
            ("http://a.example:81", &["http://a.example:81/.well-known/oauth-protected-resource"]),
            ("ftp://a.example/", &[]),
            ("https://user@a.example/", &[]),
        ];
        for (server, expected) in table {
            assert_eq!(resource_metadata_urls(server), expected, "{server}");
        }
    }

    #[test]
    fn metadata_of_servers_are_tried_in_the_order_of_the_specification() {
        let table: [(&str, &[&str]); 4] = [
            (
                "https://a.example",
                &[
                    "https://a.example/.well-known/oauth-authorization-server",
                    "https://a.example/.well-known/openid-configuration",
                ],
            ),
            (
                "https://a.example/tenant/",
                &[
                    "https://a.example/.well-known/oauth-authorization-server/tenant",
                    "https://a.example/.well-known/openid-configuration/tenant",
                    "https://a.example/tenant/.well-known/openid-configuration",
                ],
            ),
            ("https://a.example/?x", &[]),
            ("https://a.example/#x", &[]),
        ];
        for (issuer, expected) in table {
            assert_eq!(server_metadata_urls(issuer), expected, "{issuer}");
        }
    }

    #[test]
    fn metadata_are_of_the_server_or_of_what_stands_above_it() {
        let server = "https://a.example/team/mcp?x=1";
        let table = [
            ("https://a.example/team/mcp?x=1", true),
            ("https://a.example/team/mcp", true),
            ("https://a.example/team/mcp/", true),
            ("https://a.example/team", true),
            ("https://a.example", true),
            ("https://a.example/", true),
            ("https://a.example/te", false),
            ("https://a.example/team/mcp/other", false),
            ("https://a.example/team/mcp?x=2", false),
            ("https://a.example/team/../team", false),
            ("https://a.example/%2E%2e/team", false),
            ("http://a.example/team/mcp", false),
            ("https://a.example.evil.example/team/mcp", false),
            ("https://evil.example/team/mcp", false),
            ("https://a.example:444/team", false),
            ("https://a.example@evil.example/", false),
            ("", false),
        ];
        for (resource, expected) in table {
            assert_eq!(covers(resource, server), expected, "{resource}");
        }
    }
}
