//! Namespaces of mounts, networks and processes, in which a node can do what it likes: the program starts itself again
//! inside, and when it ends, so does everything there.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, ensure};

use super::image;

/// Set inside.
const INSIDE: &str = "SURETY_E2E_INSIDE";
/// What a node needs of a machine besides what is built.
const PROGRAMS: [&str; 9] =
    ["containerd", "containerd-shim-runc-v2", "runc", "ctr", "nft", "ip", "unshare", "mount", "cc"];
/// Where a node writes without being asked; inside, something else is there.
const PRIVATE: [&str; 3] = ["/run", "/var/log", "/var/lib"];
/// Settings of the kernel that kubelet writes for the whole machine.
const SETTINGS: [(&str, &str); 5] = [
    ("vm/overcommit_memory", "1"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

/// Why this machine cannot run a node, if it cannot: a sentence with what to do about it.
#[must_use]
pub fn lacking() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("a node needs root: it makes namespaces, mounts and control groups".to_owned());
    }
    let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| find(program).is_none()).collect();
    if !missing.is_empty() {
        return Some(format!(
            "a node needs {}: on Debian, apt-get install containerd runc nftables iproute2 gcc libc6-dev",
            missing.join(", ")
        ));
    }
    let tried = unshare().args(["--", "true"]).output();
    let refused = match tried {
        Ok(output) if output.status.success() => return None,
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    Some(format!("this machine makes no namespaces of mounts, networks and processes: {refused}"))
}

/// Whether this program is inside.
#[must_use]
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Starts this program again inside, with the same arguments and a static `surety`, and waits for its end.
///
/// # Errors
/// When it cannot be started.
pub fn enter(arguments: impl Iterator<Item = OsString>, surety: &Path) -> io::Result<ExitStatus> {
    let before = control_groups();
    // What is mounted inside cannot be removed from inside; when all has ended, it can.
    let scratch = tempfile::tempdir()?;
    let mut command = unshare();
    command.env("TMPDIR", scratch.path());
    command.arg("--").arg(std::env::current_exe()?).args(arguments);
    let status = command.env(INSIDE, "1").env(image::PROGRAM, surety).status();
    // Control groups are no namespace's: those of pods are left, empty.
    for group in control_groups().into_iter().filter(|group| !before.contains(group)) {
        remove(&group);
    }
    status
}

/// Makes the inside ready: devices, folders, and settings that only look like the machine's.
///
/// # Errors
/// When a command fails; it is named.
pub fn prepare(scratch: &Path) -> Result<()> {
    for line in [
        "ip link set lo up",
        "ip link add node0 type bridge",
        "ip addr add 10.77.0.1/24 dev node0",
        "ip link set node0 up",
        // Addresses of Services are no device's: kube-proxy replaces them, but only in what has a route.
        "ip route add 10.0.0.0/24 dev node0",
    ] {
        run(line)?;
    }
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("ip_forward")?;
    for folder in PRIVATE {
        run(&format!("mount -t tmpfs private {folder}"))?;
    }
    for (setting, value) in SETTINGS {
        let file = scratch.join(setting.replace('/', "."));
        fs::write(&file, format!("{value}\n"))?;
        run(&format!("mount --bind {} /proc/sys/{setting}", file.display()))?;
    }
    Ok(())
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command
}

fn run(line: &str) -> Result<()> {
    let mut words = line.split(' ');
    let output =
        Command::new(words.next().unwrap_or_default()).args(words).output().context(line.to_owned())?;
    ensure!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn find(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// The groups below which kubelet and containerd make those of pods.
fn control_groups() -> Vec<PathBuf> {
    let hierarchies = fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
    let mounted = hierarchies.map(|entry| entry.path()).chain([PathBuf::from("/sys/fs/cgroup")]);
    mounted.map(|hierarchy| hierarchy.join("kubepods")).filter(|group| group.is_dir()).collect()
}

/// A group goes after the groups in it.
fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    // What still has a process in it stays, and is seen by who looks.
    let _ = fs::remove_dir(group);
}
