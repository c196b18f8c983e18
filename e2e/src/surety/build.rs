//! Builds the program `surety` beside the running test or demo, with the same profile and for the same target.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use tokio::sync::OnceCell;
use tokio::time::sleep;

use super::SuretyError;
use crate::process::{POLL, Process, last_lines};
use crate::progress::Progress;
use crate::sandbox::Sandbox;
use crate::world::repository;

/// Where cargo has built the running program.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    folder: PathBuf,
    triple: Option<String>,
    profile: String,
}

/// The path of `surety`, built once per process. Nothing is compiled when it is up to date.
pub async fn program() -> Result<PathBuf, SuretyError> {
    static BUILT: OnceCell<Result<PathBuf, String>> = OnceCell::const_new();
    let running = env::current_exe()?;
    let built = BUILT.get_or_init(async || build(&running).await.map_err(|error| error.to_string()));
    built.await.clone().map_err(SuretyError::Build)
}

async fn build(running: &Path) -> Result<PathBuf, SuretyError> {
    let no_target = || SuretyError::NoTarget { program: running.display().to_string() };
    let target = Target::of(running).ok_or_else(no_target)?;
    // `cargo test` has built it already, with the features that tests need; asking cargo alone would compile most
    // dependencies once more without them.
    if is_up_to_date(&target.program()) == Some(true) {
        return Ok(target.program());
    }
    let sandbox = Sandbox::new()?;
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(target.arguments()).current_dir(repository(""));
    let mut cargo = Process::spawn(&sandbox, "cargo-build", command)?;
    let mut progress = Progress::new();
    loop {
        match cargo.ended()? {
            Some(status) if status.success() => return Ok(target.program()),
            Some(_) => cargo.check_running()?,
            None => {
                progress.tell(|| format!("building surety: {}", last_lines(&cargo.output(), 1).trim_start()));
            }
        }
        sleep(POLL).await;
    }
}

/// Whether a program is newer than all it was built from, `None` when that is not known. Cargo writes the sources
/// beside it; a changed dependency shows in the lock file.
fn is_up_to_date(program: &Path) -> Option<bool> {
    let built = modified(program)?;
    let sources = fs::read_to_string(program.with_extension("d")).ok()?;
    let (_, sources) = sources.trim_end().split_once(": ")?;
    let manifests = ["Cargo.lock", "Cargo.toml", "e2e/Cargo.toml"].map(repository);
    let sources = sources.replace("\\ ", "\0");
    let sources = sources.split(' ').map(|source| PathBuf::from(source.replace('\0', " ")));
    let mut all = sources.chain(manifests).map(|source| modified(&source));
    Some(all.all(|changed| changed.is_some_and(|changed| changed <= built)))
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

impl Target {
    /// Tests lie in `deps`, examples in `examples`, programs beside them; above is the profile's folder, and above
    /// that the target folder, which cargo tags as a cache, or a folder named after a target triple.
    fn of(running: &Path) -> Option<Self> {
        let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let beside = running.parent()?;
        let profile = match name(beside)?.as_str() {
            "deps" | "examples" => beside.parent()?,
            _ => beside,
        };
        let above = profile.parent()?;
        let is_target = |folder: &Path| folder.join("CACHEDIR.TAG").is_file();
        let (folder, triple) = match above.parent() {
            _ if is_target(above) => (above, None),
            Some(folder) if is_target(folder) => (folder, name(above)),
            _ => return None,
        };
        Some(Self { folder: folder.to_owned(), triple, profile: name(profile)? })
    }

    /// The package of the harness is built along, so that dependencies get the same features as in the running
    /// program and are not compiled a second time.
    fn arguments(&self) -> Vec<OsString> {
        let profile = if self.profile == "debug" { "dev" } else { &self.profile };
        let words =
            ["build", "--package", "surety", "--package", "e2e", "--bin", "surety", "--profile", profile];
        let mut arguments: Vec<OsString> = words.map(OsString::from).to_vec();
        arguments.extend(["--target-dir".into(), self.folder.clone().into()]);
        if let Some(triple) = &self.triple {
            arguments.extend(["--target".into(), triple.into()]);
        }
        arguments
    }

    fn program(&self) -> PathBuf {
        let triple = self.triple.as_deref().unwrap_or_default();
        self.folder.join(triple).join(&self.profile).join("surety")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn target_of(folder: &Path, program: &str) -> Option<(Option<String>, String, PathBuf)> {
        let target = Target::of(&folder.join(program))?;
        assert_eq!(target.folder, folder);
        let program = target.program().strip_prefix(folder).unwrap().to_owned();
        Some((target.triple, target.profile, program))
    }

    #[test]
    fn the_running_program_tells_target_and_profile() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("CACHEDIR.TAG"), "").unwrap();
        let triple = "aarch64-unknown-linux-gnu";
        for (program, wanted_triple, wanted_profile, wanted) in [
            ("debug/deps/story-1", None, "debug", "debug/surety".to_owned()),
            ("release/demo", None, "release", "release/surety".to_owned()),
            (
                &format!("{triple}/debug/deps/story-1"),
                Some(triple),
                "debug",
                format!("{triple}/debug/surety"),
            ),
        ] {
            let wanted = (wanted_triple.map(str::to_owned), wanted_profile.to_owned(), PathBuf::from(wanted));
            assert_eq!(target_of(folder.path(), program), Some(wanted), "{program}");
        }
    }

    #[test]
    fn a_program_outside_of_a_target_folder_tells_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(target_of(folder.path(), "bin/story"), None);
    }

    #[test]
    fn a_program_is_up_to_date_while_no_source_is_newer() {
        let folder = tempfile::tempdir().unwrap();
        let [program, source] = ["surety", "a source.rs"].map(|name| folder.path().join(name));
        for path in [&source, &program] {
            fs::write(path, "").unwrap();
        }
        assert_eq!(is_up_to_date(&program), None, "without a list of its sources");
        let listed = source.to_str().unwrap().replace(' ', "\\ ");
        fs::write(program.with_extension("d"), format!("{}: {listed} {listed}\n", program.display()))
            .unwrap();
        assert_eq!(is_up_to_date(&program), Some(true));
        let later = SystemTime::now() + std::time::Duration::from_mins(1);
        fs::File::open(&source).unwrap().set_modified(later).unwrap();
        assert_eq!(is_up_to_date(&program), Some(false));
        fs::remove_file(&source).unwrap();
        assert_eq!(is_up_to_date(&program), Some(false), "with a source gone");
    }

    #[test]
    fn the_profile_is_kept() {
        let target = |profile: &str| {
            let target = Target { folder: "/t".into(), triple: None, profile: profile.to_owned() };
            target.arguments().join(" ".as_ref()).into_string().unwrap()
        };
        assert!(target("debug").contains("--profile dev --target-dir /t"), "{}", target("debug"));
        assert!(target("release").contains("--profile release"), "{}", target("release"));
    }
}
