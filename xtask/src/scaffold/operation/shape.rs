//! What follows from the verb of an operation.

/// What an operation of a kind looks like before anybody has said more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Variant of `Effect`.
    pub(super) effect: &'static str,
    /// Method of its route.
    pub(super) method: &'static str,
    /// What the answer's type is called after the request's.
    pub(super) answer: &'static str,
    /// Whether that is one of a page.
    pub(super) pages: bool,
    /// Template of request and answer.
    pub(super) types: &'static str,
    /// What that names, besides the derived traits.
    pub(super) imports: &'static [(&'static str, &'static str)],
    /// A request, for the test.
    pub(super) body: &'static str,
}

static GET: Shape = Shape {
    effect: "Read",
    method: "GET",
    answer: "Result",
    pages: false,
    types: include_str!("../templates/operation_get.rs.txt"),
    imports: &[("crate::text", "Name")],
    body: r#"{ "name": "any" }"#,
};

static LIST: Shape = Shape {
    effect: "Read",
    method: "GET",
    answer: "Item",
    pages: true,
    types: include_str!("../templates/operation_list.rs.txt"),
    imports: &[
        ("crate::paging", "Cursor"),
        ("crate::paging", "Page"),
        ("crate::paging", "PageLimit"),
        ("crate::text", "Name"),
    ],
    body: "{}",
};

static WRITE: Shape = Shape {
    effect: "Write",
    method: "POST",
    answer: "Result",
    pages: false,
    types: include_str!("../templates/operation_write.rs.txt"),
    imports: &[("crate::text", "Reason"), ("crate::timestamp", "Timestamp")],
    body: r#"{ "reason": "any" }"#,
};

impl Shape {
    /// `get_` reads one thing, `list_` a page of them; everything else may write.
    pub(super) fn of(verb_noun: &str) -> &'static Self {
        match verb_noun.split_once('_') {
            Some(("get", _)) => &GET,
            Some(("list", _)) => &LIST,
            _ => &WRITE,
        }
    }
}
