//! What code declares: traits, types, functions and implementations, as far as rules read them.

use super::{Position, Visibility};

/// A trait.
#[derive(Debug, Clone)]
pub struct TraitFact {
    /// Its name.
    pub name: String,
    /// The module that declares it.
    pub module: Vec<String>,
    /// It carries `#[async_trait]`.
    pub async_trait: bool,
    /// Its methods, without associated types and constants.
    pub methods: Vec<Method>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

/// A struct, enum or union.
#[derive(Debug, Clone)]
pub struct TypeFact {
    /// Its name.
    pub name: String,
    /// The module that declares it.
    pub module: Vec<String>,
    /// It is plain `pub`.
    pub public: bool,
    /// Texts in its attributes: last segment of the attribute's path, key, text.
    pub attributes: Vec<(String, String, String)>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

/// A method of an inherent `impl`.
#[derive(Debug, Clone)]
pub struct InherentMethod {
    /// The type, without its path.
    pub of: String,
    /// Who may call it.
    pub visibility: Visibility,
    /// It makes a value of the type: no receiver, and `Self` or the type's name in what it returns.
    pub constructs: bool,
    /// It stands in a test.
    pub in_test: bool,
    /// The method.
    pub method: Method,
}

/// A method's signature, as far as rules read it.
#[derive(Debug, Clone)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// `async fn`.
    pub is_async: bool,
    /// Arguments after the receiver.
    pub arguments: Vec<Argument>,
    /// Where.
    pub at: Position,
}

/// An argument.
#[derive(Debug, Clone)]
pub struct Argument {
    /// `name: Type`, the type without lifetimes and path prefixes, generics left out.
    pub text: String,
    /// Every identifier in the type.
    pub names: Vec<String>,
}

/// A function with a body.
#[derive(Debug, Clone)]
pub struct FunctionFact {
    /// Its name.
    pub name: String,
    /// The module that it stands in.
    pub module: Vec<String>,
    /// The type whose `impl` holds it, or the trait; nothing for a free function.
    pub owner: Option<String>,
    /// It is plain `pub`.
    pub public: bool,
    /// It implements or provides a method of a trait.
    pub of_trait: bool,
    /// Its whole body is one call that hands on its own parameters, in order and unchanged.
    pub passes_through: bool,
    /// Its body is empty, or `Ok(())`.
    pub does_nothing: bool,
    /// From the `fn` line to the closing brace.
    pub lines: usize,
    /// It is a test or stands in one.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

/// `impl Trait for Type`.
#[derive(Debug, Clone)]
pub struct ImplFact {
    /// The trait's path as written.
    pub of_trait: Vec<String>,
    /// Last segment of the type.
    pub for_type: String,
    /// Its functions.
    pub functions: Vec<String>,
    /// Its constants that are a string, or the last segment of a path.
    pub constants: Vec<(String, String)>,
    /// The module that it stands in.
    pub module: Vec<String>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}
