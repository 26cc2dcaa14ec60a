//! What callers are told, by its code. Pure.

use serde_json::Value;

/// What is told where a busy disk did not take an outcome in time.
pub(super) const UNRECORDED_CODE: &str = "outcome_unrecorded";

/// Which of these calls were told another code, by their codes. A busy disk may not take some outcomes in time: of ten calls
/// one, and one more.
pub(super) fn told_otherwise(mut codes: Vec<String>, expected: &str) -> Vec<String> {
    let most = codes.len() / 10 + 1;
    let unrecorded = codes.iter().filter(|code| *code == UNRECORDED_CODE).count();
    codes.retain(|code| code != expected && (code != UNRECORDED_CODE || unrecorded > most));
    codes
}

/// What the caller is told.
pub(super) fn code_of(answer: &Value) -> String {
    if let Some(code) = answer["code"].as_str() {
        return code.to_owned();
    }
    match answer["sanitised"]["credential"].as_bool() {
        Some(true) => "result_redacted",
        Some(false) => "result_sanitised",
        None => "ok",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_many_may_go_unrecorded_and_nothing_else() {
        let told = |late: usize, other: usize| {
            let codes = ["wanted"; 20]
                .into_iter()
                .chain(["outcome_unrecorded"].repeat(late))
                .chain(["other"].repeat(other));
            told_otherwise(codes.map(str::to_owned).collect(), "wanted")
        };
        assert_eq!(told(0, 0), Vec::<String>::new());
        assert_eq!(told(3, 0), Vec::<String>::new());
        assert_eq!(told(2, 1), ["other"]);
        assert_eq!(told(4, 0), ["outcome_unrecorded"; 4]);
        let all = vec!["outcome_unrecorded".to_owned(); 100];
        assert_eq!(told_otherwise(all, "wanted").len(), 100);
    }
}
