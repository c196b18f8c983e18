//! Images from static programs, as image/Dockerfile makes them: one file, from scratch. Written as archives of the Open
//! Container Initiative, which containerd imports; no registry and no builder are needed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest;
use serde_json::{Value, json};

use crate::world::repository;

/// The image of what holds a pod's namespaces.
pub const PAUSE: &str = "localhost/pause:e2e";
/// Names a static `surety` that is built already; without it one is built, which takes minutes the first time.
pub const PROGRAM: &str = "SURETY_STATIC_PROGRAM";

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image in an archive.
#[derive(Debug)]
pub struct Image {
    /// The archive.
    pub archive: PathBuf,
}

impl Image {
    /// What holds a pod's namespaces: a program that waits.
    ///
    /// # Errors
    /// When it cannot be compiled or packed.
    pub fn pause(folder: &Path) -> Result<Self> {
        let (source, program) = (folder.join("pause.c"), folder.join("pause"));
        fs::create_dir_all(folder)?;
        fs::write(&source, "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n")?;
        must(Command::new("cc").args(["-static", "-Os", "-o"]).arg(&program).arg(&source))?;
        Self::pack(&folder.join("pause-image"), PAUSE, &program, &[])
    }

    /// Surety, under this name.
    ///
    /// # Errors
    /// When it is not static or cannot be packed.
    pub fn surety(folder: &Path, name: &str, program: &Path) -> Result<Self> {
        let headers = must(Command::new("ldd").arg(program)).unwrap_or_else(|error| error.to_string());
        ensure!(
            headers.contains("statically linked") || headers.contains("not a dynamic executable"),
            "{} is not static: {headers}",
            program.display()
        );
        Self::pack(&folder.join("surety-image"), name, program, &["run"])
    }

    fn pack(folder: &Path, name: &str, program: &Path, arguments: &[&str]) -> Result<Self> {
        let file = program.file_name().and_then(|name| name.to_str()).context("a program without a name")?;
        let blobs = folder.join("blobs/sha256");
        fs::create_dir_all(&blobs)?;
        let root = folder.join("root");
        fs::create_dir_all(&root)?;
        fs::copy(program, root.join(file))?;
        let layer = folder.join("layer.tar");
        let owner = ["--owner=0", "--group=0", "--mtime=@0", "--mode=0755"];
        must(Command::new("tar").args(owner).arg("-C").arg(&root).arg("-cf").arg(&layer).arg(file))?;
        let layer = Blob::store(&blobs, &fs::read(layer)?)?;
        let config = json!({"architecture": architecture(), "os": "linux",
            "config": {"User": "65532:65532", "Entrypoint": [format!("/{file}")], "Cmd": arguments},
            "rootfs": {"type": "layers", "diff_ids": [layer.digest]}});
        let config = Blob::store(&blobs, config.to_string().as_bytes())?;
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
            "config": config.descriptor(CONFIG), "layers": [layer.descriptor(LAYER)]});
        let manifest = Blob::store(&blobs, manifest.to_string().as_bytes())?;
        let named = json!({"mediaType": MANIFEST, "digest": manifest.digest, "size": manifest.size,
            "annotations": {"io.containerd.image.name": name}});
        let index = json!({"schemaVersion": 2, "manifests": [named]});
        fs::write(folder.join("index.json"), index.to_string())?;
        fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#)?;
        let archive = folder.with_extension("tar");
        must(Command::new("tar").arg("-C").arg(folder).arg("-cf").arg(&archive).args([
            "oci-layout",
            "index.json",
            "blobs",
        ]))?;
        Ok(Self { archive })
    }
}

/// The static program: the one that was named, or built as image/Dockerfile does.
///
/// # Errors
/// When it cannot be built.
pub fn static_program() -> Result<PathBuf> {
    if let Some(named) = env::var_os(PROGRAM).filter(|named| !named.is_empty()) {
        return Ok(PathBuf::from(named));
    }
    let target = format!("{}-unknown-linux-gnu", env::consts::ARCH);
    let folder = repository("target/image");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        // What only makes it smaller and faster takes minutes.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .args([
            "build",
            "--locked",
            "--release",
            "--package",
            "surety",
            "--bin",
            "surety",
            "--target",
            &target,
        ])
        .arg("--target-dir")
        .arg(&folder)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .current_dir(repository(""))
        .status()?;
    ensure!(built.success(), "a static surety could not be built");
    Ok(folder.join(target).join("release/surety"))
}

struct Blob {
    digest: String,
    size: usize,
}

impl Blob {
    fn store(blobs: &Path, content: &[u8]) -> Result<Self> {
        let hash = digest::digest(&digest::SHA256, content);
        let hex = hash.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        fs::write(blobs.join(&hex), content)?;
        Ok(Self { digest: format!("sha256:{hex}"), size: content.len() })
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": self.digest, "size": self.size})
    }
}

fn architecture() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// What a command that must succeed printed.
fn must(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{command:?}: {said}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &said)
}
