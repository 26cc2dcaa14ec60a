//! Templates: texts with `{{name}}` where something is to be filled in.

/// Fills a template. Each value's own text is left as it is.
///
/// # Errors
/// Names a placeholder that has no value: a defect of the scaffold, which its tests find.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or("a placeholder of a template does not end")?;
        let (_, value) = values
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| format!("a template asks for `{name}`, which the scaffold does not give"))?;
        text.push_str(before);
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        let values = [("a", "{{b}}"), ("b", "two")];
        assert_eq!(fill("{ {{a}} } {{b}}{{b}}", &values).as_deref(), Ok("{ {{b}} } twotwo"));
        assert_eq!(fill("", &values).as_deref(), Ok(""));
    }

    #[test]
    fn what_cannot_be_filled_is_an_error() {
        assert!(fill("{{c}}", &[]).is_err());
        assert!(fill("{{c", &[("c", "")]).is_err());
    }
}
