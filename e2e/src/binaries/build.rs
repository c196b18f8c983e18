//! One program of the cache: looked up, or built by one process while the others wait.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;

use super::BinaryError;
use super::recipe::{Module, PAGE, STAGES, STAGES_FILE, STAGES_MODULE, Tool, WITHOUT_PAGES};
use crate::process::{POLL, Process, ProcessError};
use crate::progress::Progress;
use crate::sandbox::Sandbox;

/// The place of one program.
pub(super) struct Cache {
    tool: Tool,
    base: PathBuf,
    folder: PathBuf,
}

/// What can go wrong between two words of the tool chain.
enum Failure {
    Io(io::Error),
    Go(ProcessError),
}

impl From<io::Error> for Failure {
    fn from(source: io::Error) -> Self {
        Self::Io(source)
    }
}

impl From<ProcessError> for Failure {
    fn from(source: ProcessError) -> Self {
        Self::Go(source)
    }
}

impl Cache {
    pub(super) fn new(base: PathBuf, tool: Tool) -> Self {
        let folder = base.join(tool.module().key());
        Self { tool, base, folder }
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder.join(self.tool.name())
    }

    pub(super) fn provide(&self) -> Result<PathBuf, BinaryError> {
        let program = self.program();
        if program.is_file() {
            return Ok(program);
        }
        self.locked_build().map_err(|failure| self.explain(failure))?;
        Ok(program)
    }

    /// Builds unless another process did so while this one waited for the lock.
    fn locked_build(&self) -> Result<(), Failure> {
        fs::create_dir_all(&self.folder)?;
        let lock = File::create(self.folder.join("lock"))?;
        let mut progress = Progress::new();
        while let Err(TryLockError::WouldBlock) = lock.try_lock() {
            // The other process may be at its next program already, with the same lock.
            if self.program().is_file() {
                return Ok(());
            }
            progress.tell(|| format!("waiting for another process to build {}", self.tool));
            sleep(POLL);
        }
        if self.program().is_file() {
            return Ok(());
        }
        self.build()
    }

    /// Builds in a sandbox inside the cache, so that the results can be renamed into place, whole or not at all.
    fn build(&self) -> Result<(), Failure> {
        let sandbox = Sandbox::within(&self.base)?;
        let module = sandbox.folder().join("module");
        write_module(self.tool.module(), &module)?;
        if self.tool == Tool::Alertmanager {
            add_page(&sandbox, &module)?;
        }
        let built = sandbox.folder().join(self.tool.name());
        self.compile(&sandbox, &module, &built)?;
        if self.tool == Tool::Kwok {
            let stages = sandbox.folder().join(STAGES_FILE);
            write_stages(&sandbox, &module, &stages)?;
            fs::rename(stages, self.folder.join(STAGES_FILE))?;
        }
        fs::rename(built, self.program())?;
        Ok(())
    }

    fn compile(&self, sandbox: &Sandbox, module: &Path, output: &Path) -> Result<(), Failure> {
        let mut command = go(sandbox, module);
        command.args(["build", "-v"]).args(self.tool.module().build_flags());
        command.arg("-o").arg(output).arg(self.tool.package());
        let mut progress = Progress::new();
        run_to_end(Process::spawn(sandbox, "go-build", command)?, |build| {
            progress.tell(|| format!("building {}: {}", self.tool, compiled(&build.output())));
        })?;
        progress.done(&format!("built {}", self.tool));
        Ok(())
    }

    fn explain(&self, failure: Failure) -> BinaryError {
        let tool = self.tool;
        match failure {
            Failure::Go(ProcessError::Start { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                BinaryError::NoGo { tool }
            }
            Failure::Go(source) => BinaryError::Build { tool, source },
            Failure::Io(source) => BinaryError::Cache { tool, folder: self.folder.clone(), source },
        }
    }
}

/// The tool chain, untouched by what the user has set for other work, with its scratch files in the sandbox.
fn go(sandbox: &Sandbox, module: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(module);
    command
        .env("CGO_ENABLED", "0")
        .env("GO111MODULE", "on")
        .env("GOWORK", "off")
        .env("GOFLAGS", "-mod=readonly");
    command.env("GOTMPDIR", sandbox.folder()).env_remove("GOOS").env_remove("GOARCH");
    command
}

fn write_module(module: &Module, folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)?;
    fs::write(folder.join("go.mod"), module.go_mod)?;
    fs::write(folder.join("go.sum"), module.go_sum)
}

/// Where the tool chain keeps the files of a module that is fetched.
fn folder_of(name: &str, sandbox: &Sandbox, module: &Path) -> Result<PathBuf, Failure> {
    let output = run_go(sandbox, module, &["list", "-m", "-f", "{{.Dir}}", name])?;
    Ok(PathBuf::from(output.trim_end()))
}

fn run_go(sandbox: &Sandbox, module: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let mut command = go(sandbox, module);
    command.args(arguments);
    let process = Process::spawn(sandbox, "go", command)?;
    Ok(run_to_end(process, |_| ())?)
}

/// Builds from a copy of a module that gets the page which its sources embed and its release does not have.
fn add_page(sandbox: &Sandbox, module: &Path) -> Result<(), Failure> {
    run_go(sandbox, module, &["mod", "download", WITHOUT_PAGES])?;
    let copy = sandbox.folder().join("with-page");
    copy_folder(&folder_of(WITHOUT_PAGES, sandbox, module)?, &copy)?;
    let page = copy.join(PAGE);
    fs::create_dir_all(page.parent().unwrap_or(&copy))?;
    fs::write(&page, "<!doctype html>\n")?;
    run_go(sandbox, module, &["mod", "edit", &format!("-replace={WITHOUT_PAGES}={}", copy.display())])?;
    Ok(())
}

/// Copies what is in a folder. What the tool chain keeps is read-only; the folders of the copy are not.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Joins the Stages that kwok's own module ships; without any, kwok ends at once.
fn write_stages(sandbox: &Sandbox, module: &Path, target: &Path) -> Result<(), Failure> {
    let source = folder_of(STAGES_MODULE, sandbox, module)?;
    let stages: Vec<String> =
        STAGES.iter().map(|stage| fs::read_to_string(source.join(stage))).collect::<Result<_, _>>()?;
    Ok(fs::write(target, stages.join("\n---\n"))?)
}

/// The output of a process that ended well.
fn run_to_end(mut process: Process, mut meanwhile: impl FnMut(&Process)) -> Result<String, ProcessError> {
    loop {
        match process.ended()? {
            Some(status) if status.success() => return Ok(process.output()),
            Some(_) => process.check_running()?,
            None => meanwhile(&process),
        }
        sleep(POLL);
    }
}

/// With -v the tool chain prints one line a package, after it has fetched what it needs.
fn compiled(output: &str) -> String {
    let packages = output.lines().filter(|line| !line.starts_with("go: ")).count();
    let fetched = output.lines().filter(|line| line.starts_with("go: downloading ")).count();
    match packages {
        0 if fetched > 0 => format!("{fetched} modules fetched"),
        packages => format!("{packages} packages compiled"),
    }
}

#[cfg(test)]
mod tests {
    use super::compiled;

    #[test]
    fn progress_counts_modules_until_packages_come() {
        assert_eq!(compiled("go: downloading k8s.io/api v0.37.2\n"), "1 modules fetched");
        assert_eq!(compiled("go: downloading k8s.io/api v0.37.2\nfmt\nk8s.io/api\n"), "2 packages compiled");
        assert_eq!(compiled(""), "0 packages compiled");
    }
}
