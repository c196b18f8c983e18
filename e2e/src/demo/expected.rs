//! What is expected of an answer, and what of it is missing.

use super::shell::Answer;

/// How an answer is to end, and what it is to say.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    is_failure: bool,
    says: Vec<String>,
    leaves_out: Vec<String>,
    words: String,
}

impl Expected {
    /// The command succeeds.
    pub fn passes() -> Self {
        Self { words: "passed".to_owned(), ..Self::default() }
    }

    /// The command succeeds, and its answer says this. `words` tell a reader what that shows.
    pub fn shows(words: &str, says: &[&str]) -> Self {
        Self { words: words.to_owned(), ..Self::passes() }.saying(says)
    }

    /// The command does not succeed, and its answer says this.
    pub fn fails(words: &str, says: &[&str]) -> Self {
        Self { is_failure: true, words: words.to_owned(), ..Self::default() }.saying(says)
    }

    /// The command succeeds, with a warning of this control.
    pub fn warned(control: &str) -> Self {
        let words = format!("passed, with a warning of {control}");
        Self { words, ..Self::passes() }.saying(&["Warning: ", &format!("{control}: ")])
    }

    /// This entry of the webhook (`conform`, `protect-tenant`, `protect-engine`, `protect-cluster`) refuses it for this
    /// control.
    pub fn refused(door: &str, control: &str) -> Self {
        Self::refused_at(door, control).saying(&[&format!("[{control}]")])
    }

    /// This entry of the webhook refuses it for what no promise has to ask.
    pub fn refused_on_its_own(door: &str) -> Self {
        Self::refused_at(door, "Surety's own ground")
    }

    fn refused_at(door: &str, by: &str) -> Self {
        let words = format!("refused at {door}.surety.dev by {by}");
        let denial = format!("admission webhook \"{door}.surety.dev\" denied the request");
        Self { is_failure: true, words, ..Self::default() }.saying(&[&denial, "found ", "wanted ", "fix: "])
    }

    /// The same, saying all of this too.
    pub fn saying(mut self, texts: &[&str]) -> Self {
        self.says.extend(texts.iter().map(|text| (*text).to_owned()));
        self
    }

    /// The same, saying nothing of this.
    pub fn without(mut self, texts: &[&str]) -> Self {
        self.leaves_out.extend(texts.iter().map(|text| (*text).to_owned()));
        self
    }

    /// What is expected, as a reader is told.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// What is wrong with an answer; nothing where it is as expected.
    pub fn missing_in(&self, answer: &Answer) -> Vec<String> {
        let has = |text: &&String| answer.text.contains(text.as_str());
        let ending = match (self.is_failure, answer.is_success) {
            (true, true) => Some("it passed".to_owned()),
            (false, false) => Some("it did not pass".to_owned()),
            _ => None,
        };
        let unsaid = self.says.iter().filter(|text| !has(text));
        let said = self.leaves_out.iter().filter(has);
        ending
            .into_iter()
            .chain(unsaid.map(|text| format!("it does not say `{text}`")))
            .chain(said.map(|text| format!("it says `{text}`")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(is_success: bool, text: &str) -> Answer {
        Answer { text: text.to_owned(), is_success }
    }

    #[test]
    fn a_refusal_is_one_by_the_right_door_and_control_that_teaches() {
        let expected = Expected::refused("conform", "isolation.host-access");
        let text = "admission webhook \"conform.surety.dev\" denied the request: Surety refuses this\n\
                    1. [isolation.host-access] (a/B)\n   at a: found b; wanted c.\n   fix: d";
        assert_eq!(expected.missing_in(&answer(false, text)), Vec::<String>::new());
        assert_eq!(expected.missing_in(&answer(true, text)), ["it passed"]);
        let other = text.replace("host-access", "pod-security");
        assert_eq!(
            expected.missing_in(&answer(false, &other)),
            ["it does not say `[isolation.host-access]`"]
        );
        assert_eq!(expected.missing_in(&answer(false, "violates PodSecurity")).len(), 5);
    }

    #[test]
    fn what_must_not_be_said_is_missed_when_it_is() {
        let expected = Expected::passes().without(&["offender"]);
        assert_eq!(expected.missing_in(&answer(true, "application")), Vec::<String>::new());
        assert_eq!(expected.missing_in(&answer(true, "an offender")), ["it says `offender`"]);
    }
}
