//! What code calls: functions, methods and macros.

use super::Position;

/// A call: `receiver.name::<types>(arguments)` or `receiver::name::<types>(arguments)`.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method, or last segment of the function's path.
    pub name: String,
    /// It is a method call.
    pub method: bool,
    /// The path before the name, or the last name in the receiver: `self.database` gives `database`.
    pub receiver: Vec<String>,
    /// What the method is called on, as in `receiver`: also where it is called as a function of its type or trait, as in
    /// `Type::name(&mut self.database)`. Nothing for other functions.
    pub subject: Option<Vec<String>>,
    /// Paths among the generic arguments of the name.
    pub types: Vec<Vec<String>>,
    /// Arguments: a path as its segments, a string as its text, anything else as nothing.
    pub arguments: Vec<Operand>,
    /// The module that it stands in.
    pub module: Vec<String>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where the name stands.
    pub at: Position,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A path.
    Path(Vec<String>),
    /// A string literal.
    Text(String),
    /// Anything else.
    Other,
}

/// A function of a type as a value, called later by somebody else: `Type::name` in `map(Type::name)`.
#[derive(Debug, Clone)]
pub struct Handed {
    /// The path before the name; empty where that is no path, as in `<dyn Trait>::name`.
    pub of: Vec<String>,
    /// The name.
    pub name: String,
    /// The module that it stands in.
    pub module: Vec<String>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where the name stands.
    pub at: Position,
}

/// A macro call.
#[derive(Debug, Clone)]
pub struct MacroCall {
    /// Last segment of its path.
    pub name: String,
    /// The rows of its body, split at each `;` outside of inner brackets. Empty where it stands in an expression.
    pub rows: Vec<MacroRow>,
    /// `Name = "text"` at any depth of its body. Empty where it stands in an expression.
    pub pairs: Vec<Pair>,
    /// The module that it stands in.
    pub module: Vec<String>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

/// A row of a macro's body: what declares operations, codes and the like.
#[derive(Debug, Clone, Default)]
pub struct MacroRow {
    /// Identifiers in order, inner brackets left out.
    pub idents: Vec<String>,
    /// String literals in order.
    pub texts: Vec<String>,
    /// Lines of `///` before it.
    pub docs: Vec<String>,
    /// Line of its first token; 0 if it is empty.
    pub line: usize,
}

/// `Name = "text"` in a macro's body: a code, an event, a variant with its spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The text.
    pub text: String,
    /// The line of `///` before it, if there is one.
    pub doc: String,
    /// Where the name stands.
    pub at: Position,
}

impl Call {
    /// It calls this method, on something that `on` accepts.
    pub(crate) fn is_of_method(&self, name: &str, on: impl Fn(&[String]) -> bool) -> bool {
        self.name == name && self.subject.as_deref().is_some_and(on)
    }
}
