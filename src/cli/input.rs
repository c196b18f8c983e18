//! Texts from files, folders and standard input.

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::CliError;

/// What stands for standard input.
const STDIN: &str = "-";
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// No manifest is that long; what is was given by mistake.
const LONGEST_TEXT: u64 = 64 * 1024 * 1024;

/// A text, and the name under which it is spoken of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) name: String,
    pub(super) content: String,
}

/// Reads files, folders (everything below them that ends in yaml, yml or json, in order of names; hidden ones are passed
/// over) and `-` for standard input. Each file once, in the order given.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Text>, CliError> {
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    for path in paths {
        if path.as_os_str() == STDIN {
            if seen.insert(path.clone()) {
                texts.push(read_stdin()?);
            }
            continue;
        }
        for file in files_of(path)? {
            if seen.insert(file.clone()) {
                texts.push(read_file(&file)?);
            }
        }
    }
    Ok(texts)
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    let metadata = fs::metadata(path).map_err(unreadable(path))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    collect(path, &mut files)?;
    if files.is_empty() {
        return Err(CliError::input(format!(
            "{} holds no file that ends in .yaml, .yml or .json: name the folder of the manifests",
            path.display()
        )));
    }
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = entries.map_err(unreadable(folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // A link to a folder is not followed: it may lead back up.
        if entry.file_type().map_err(unreadable(&path))?.is_dir() {
            collect(&path, files)?;
        } else if is_manifest(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// Reads one file, whatever it ends in, or `-` for standard input.
pub(super) fn read_one(path: &Path) -> Result<Text, CliError> {
    if path.as_os_str() == STDIN { read_stdin() } else { read_file(path) }
}

fn read_file(path: &Path) -> Result<Text, CliError> {
    let file = File::open(path).map_err(unreadable(path))?;
    let content = read_bounded(file).map_err(unreadable(path))?;
    Ok(Text { name: name_of(path), content })
}

/// Relative to the folder in which Surety runs, where the file lies below it: so reports of a pipeline name files as the
/// repository does.
fn name_of(path: &Path) -> String {
    let folder = env::current_dir().ok();
    let relative = folder.and_then(|folder| path.strip_prefix(folder).ok());
    relative.unwrap_or(path).display().to_string()
}

fn read_stdin() -> Result<Text, CliError> {
    let content = read_bounded(io::stdin().lock()).map_err(unreadable(Path::new("standard input")))?;
    Ok(Text { name: "<stdin>".to_owned(), content })
}

fn read_bounded(source: impl io::Read) -> io::Result<String> {
    let mut content = String::new();
    source.take(LONGEST_TEXT + 1).read_to_string(&mut content)?;
    if content.len() as u64 > LONGEST_TEXT {
        return Err(io::Error::other(format!("it is longer than {} MiB", LONGEST_TEXT >> 20)));
    }
    Ok(content)
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> CliError {
    let path = path.to_owned();
    move |source| CliError::Unreadable { path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn names(texts: &[Text], folder: &Path) -> Vec<String> {
        let prefix = format!("{}/", folder.display());
        texts.iter().map(|text| text.name.replace(&prefix, "")).collect()
    }

    #[test]
    fn a_folder_is_read_recursively_in_order_of_names_without_hidden_files() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b.yml", "a/z.YAML", "a/notes.txt", "c.json", ".hidden.yaml", ".git/x.yaml"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let texts = read(&[folder.path().to_owned()]).unwrap();
        assert_eq!(names(&texts, folder.path()), ["a/z.YAML", "b.yml", "c.json"]);
    }

    #[test]
    fn a_file_that_is_named_twice_is_read_once_whatever_it_ends_in() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rendered");
        fs::write(&file, "a: 1").unwrap();
        let texts = read(&[file.clone(), file]).unwrap();
        assert_eq!(names(&texts, folder.path()), ["rendered"]);
    }

    #[test]
    fn a_file_below_the_present_folder_is_named_from_there() {
        let folder = env::current_dir().unwrap();
        assert_eq!(name_of(&folder.join("a/b.yaml")), "a/b.yaml");
        assert_eq!(name_of(Path::new("/elsewhere/b.yaml")), "/elsewhere/b.yaml");
    }

    #[test]
    fn a_folder_without_manifests_and_a_missing_file_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(&[folder.path().to_owned()]).unwrap_err();
        assert!(error.to_string().contains("holds no file"), "{error}");
        let error = read(&[folder.path().join("gone.yaml")]).unwrap_err();
        assert!(error.to_string().contains("gone.yaml cannot be read"), "{error}");
    }
}
