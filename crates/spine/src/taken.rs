//! What callers learn when a value that must be unique is taken: which field it is, and by what.

use portcullis_schemas::{Error, ErrorKind, PortError, codes};

/// The refusal of a value that another `what` has.
pub(crate) fn taken(what: &'static str, field: &'static str) -> Error {
    let message = format!("another {what} has it: choose another");
    Error::new(ErrorKind::Conflict, codes::ALREADY_EXISTS, message).with_field(field)
}

/// A store's error where it keeps `field` unique; any other error stays what it is.
pub(crate) fn or_taken(what: &'static str, field: &'static str) -> impl FnOnce(PortError) -> Error {
    move |error| if error.code() == codes::ALREADY_EXISTS { taken(what, field) } else { error.into() }
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::PortErrorKind;

    use super::*;

    #[test]
    fn only_a_taken_value_is_named() {
        let clash = PortError::new(PortErrorKind::Conflict, codes::ALREADY_EXISTS, "a unique value is taken");
        let error = or_taken("credential", "name")(clash);
        assert_eq!((error.field(), error.code()), (Some("name"), codes::ALREADY_EXISTS));
        assert_eq!(error.public(), "another credential has it: choose another");
        let other = or_taken("credential", "name")(PortError::unavailable("disk"));
        assert_eq!((other.field(), other.kind()), (None, ErrorKind::Unavailable));
    }
}
