//! How what kubectl was told is read: refused by Surety, admitted with a warning, admitted.

use anyhow::{Result, ensure};

use crate::cli::Output;

/// What the API server says before a webhook's refusal.
const DENIED: &str = "denied the request";

/// Surety refused it, and said all of this. Returns what it said.
///
/// # Errors
/// When it was admitted, refused by somebody else, or with other words.
pub fn refused(output: &Output, words: &[&str]) -> Result<String> {
    let said = unfolded(&output.stderr);
    let command = &output.command;
    ensure!(output.code != Some(0), "`{command}` was not refused; it said {:?} and {said:?}", output.stdout);
    ensure!(
        said.contains(DENIED) && said.contains("Surety refuses this"),
        "`{command}` was not refused by Surety but by: {said}"
    );
    for word in words {
        ensure!(said.contains(word), "the refusal of `{command}` does not say {word:?}: {said}");
    }
    Ok(said)
}

/// It was admitted, with a warning that says all of this.
///
/// # Errors
/// When it was refused or nothing like this was said.
pub fn warned(output: &Output, words: &[&str]) -> Result<String> {
    let said = unfolded(&output.stderr);
    let command = &output.command;
    ensure!(output.code == Some(0), "`{command}` was refused: {said}");
    for word in words {
        ensure!(said.contains(word), "the warnings of `{command}` do not say {word:?}: {said:?}");
    }
    Ok(said)
}

/// It was admitted, and Surety had nothing to say about it.
///
/// # Errors
/// When it was refused or warned about.
pub fn admitted(output: &Output) -> Result<()> {
    let said = unfolded(&output.stderr);
    ensure!(output.code == Some(0), "`{}` was refused: {said}", output.command);
    let of_surety = said.lines().find(|line| line.starts_with("Warning: ") && line.contains("; wanted "));
    ensure!(of_surety.is_none(), "`{}` was admitted with {of_surety:?}", output.command);
    Ok(())
}

/// Surety folds long warnings to the width that the API's conventions ask for.
fn unfolded(text: &str) -> String {
    text.replace("\nWarning: ", " ")
}
