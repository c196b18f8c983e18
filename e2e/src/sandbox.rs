//! A folder and a process group that vanish together with whoever made them.
//!
//! Every program of the harness runs in a sandbox, so that an interrupted run leaves nothing behind. Only the life
//! of folder and group belongs here, not what runs in them.

use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

/// Runs beside the sandbox. Its `read` ends when the owner writes `released`, or when the owner is gone and the
/// kernel has closed the pipe, however the owner ended. The folder is removed in each round, because a killed
/// process can stay in the group as a zombie for as long as nobody collects it, and writes nothing any more.
const WATCHDOG: &str = r#"
trap '' HUP INT QUIT TERM
rounds=1
if ! read -r word || [ "$word" != released ]; then
    kill -9 "-$1"
    rounds=40
fi
while [ "$rounds" -gt 0 ]; do
    rm -rf -- "$2"
    kill -0 "-$1" || [ -e "$2" ] || exit 0
    rounds=$((rounds - 1))
    sleep 0.05
done
"#;

/// Holds the process group's number for as long as the sandbox lives, and ends by itself with its owner.
const ANCHOR: &str = "trap '' HUP INT QUIT TERM; read -r word";

/// Names a folder that keeps the logs of all programs, each sandbox's in a folder of its own, to look at after a
/// failure. Without it they go with the sandbox.
pub const LOGS: &str = "E2E_LOGS";

/// A temporary folder and a process group. Both are gone after drop, and also when the process that made them was
/// killed before it could drop anything: a watchdog outside the group notices and cleans up.
#[derive(Debug)]
pub struct Sandbox {
    folder: PathBuf,
    logs: PathBuf,
    anchor: Child,
    watchdog: Child,
}

impl Sandbox {
    /// Makes a sandbox whose folder lies in the system's temporary folder.
    ///
    /// # Errors
    /// When the folder cannot be made or no shell can be started.
    pub fn new() -> io::Result<Self> {
        Self::within(&std::env::temp_dir())
    }

    /// Makes a sandbox whose folder lies in `parent`.
    ///
    /// # Errors
    /// When the folder cannot be made or no shell can be started.
    pub fn within(parent: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("surety-e2e-").tempdir_in(parent)?;
        let anchor = shell(ANCHOR).process_group(0).spawn()?;
        let group = anchor.id().to_string();
        let watchdog =
            shell(WATCHDOG).args(["watchdog", &group]).arg(folder.path()).process_group(0).spawn()?;
        let logs = kept_logs(folder.path()).unwrap_or_else(|| folder.path().to_owned());
        fs::create_dir_all(&logs)?;
        Ok(Self { folder: folder.keep(), logs, anchor, watchdog })
    }

    /// The folder, which is removed with all it holds.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder for the logs of what runs here: [`Self::folder`], or one that is kept when `E2E_LOGS` is set.
    #[must_use]
    pub fn logs(&self) -> &Path {
        &self.logs
    }

    /// The process group that children must join to be ended with this sandbox.
    #[must_use]
    pub fn group(&self) -> i32 {
        Pid::from_child(&self.anchor).as_raw_nonzero().get()
    }

    fn release(&mut self) -> io::Result<()> {
        kill_process_group(Pid::from_child(&self.anchor), Signal::KILL)?;
        self.anchor.wait()?;
        if let Some(mut pipe) = self.watchdog.stdin.take() {
            pipe.write_all(b"released\n")?;
        }
        self.watchdog.wait()?;
        Ok(())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Without a working watchdog the folder is still removed here; what cannot be removed cannot be reported.
        if self.release().is_err() || self.folder.exists() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn kept_logs(folder: &Path) -> Option<PathBuf> {
    let parent = std::env::var_os(LOGS).filter(|parent| !parent.is_empty())?;
    Some(PathBuf::from(parent).join(folder.file_name()?))
}

/// A shell with a pipe to this process, silent, so that nobody who reads our output waits for it to end.
fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::{Duration, Instant};

    use rustix::process::test_kill_process_group;

    use super::*;

    /// Starts a child that has a child, and waits until both have begun.
    fn family(sandbox: &Sandbox) -> Child {
        let script = "sleep 60 & touch begun; wait";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(sandbox.folder()).process_group(sandbox.group());
        let child = command.spawn().unwrap();
        wait_until(|| sandbox.folder().join("begun").exists());
        child
    }

    fn wait_until(condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(Instant::now() < deadline, "it did not come");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn is_group_alive(group: i32) -> bool {
        test_kill_process_group(Pid::from_raw(group).unwrap()).is_ok()
    }

    #[test]
    fn drop_ends_children_of_children_and_removes_the_folder() {
        let sandbox = Sandbox::new().unwrap();
        let (group, folder) = (sandbox.group(), sandbox.folder().to_owned());
        let mut child = family(&sandbox);
        drop(sandbox);
        child.wait().unwrap();
        assert!(!folder.exists());
        wait_until(|| !is_group_alive(group));
    }

    #[test]
    fn the_watchdog_alone_does_the_same() {
        let mut sandbox = Sandbox::new().unwrap();
        let (group, folder) = (sandbox.group(), sandbox.folder().to_owned());
        let mut child = family(&sandbox);
        // As when this process is killed: nobody says a word, the pipes close.
        drop(sandbox.watchdog.stdin.take());
        child.wait().unwrap();
        sandbox.anchor.wait().unwrap();
        wait_until(|| !folder.exists() && !is_group_alive(group));
    }
}
