//! The profiles that `--profile` names.

use std::path::Path;

use jiff::Timestamp;

use crate::{
    cli::{
        CliError, input,
        manifests::{self, Object},
    },
    core::facts::Fact,
    report::coverage::{embedded_file, embedded_profiles},
};

/// Reads each, in the order given; with the texts in which they stand.
pub(super) fn read(named: &[String], now: Timestamp) -> Result<(Vec<Object>, Vec<input::Text>), CliError> {
    let mut profiles = Vec::new();
    let texts = named.iter().map(|name| text_of(name)).collect::<Result<Vec<_>, _>>()?;
    for (name, text) in named.iter().zip(&texts) {
        let objects = manifests::decode(std::slice::from_ref(text), "default", now)?.judged;
        let before = profiles.len();
        profiles.extend(objects.into_iter().filter(|object| matches!(object.fact, Fact::Profile(_))));
        if profiles.len() == before {
            return Err(CliError::input(format!("{name} holds no Profile: name a file of kind Profile")));
        }
    }
    Ok((profiles, texts))
}

/// A file of that name comes first, then one that is embedded.
fn text_of(name: &str) -> Result<input::Text, CliError> {
    let path = Path::new(name);
    match embedded_file(name) {
        Some(content) if !path.exists() => {
            Ok(input::Text { name: format!("<{name}>"), content: content.to_owned() })
        }
        _ => input::read_one(path).map_err(|error| with_hint(error, path)),
    }
}

fn with_hint(error: CliError, path: &Path) -> CliError {
    if path.exists() {
        return error;
    }
    let names = embedded_profiles().unwrap_or_default();
    let names: Vec<&str> = names.iter().map(|profile| profile.name.as_str()).collect();
    CliError::input(format!(
        "there is no file {}, and no profile of that name comes with Surety: {}",
        path.display(),
        names.join(", ")
    ))
}
