//! A file system of its own that is soon full.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system in memory, mounted until this is dropped.
pub struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// One of this many MiB; none, with a word about it, where this process may not mount.
    pub fn mount(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={mebibytes}m,mode=777");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path());
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        eprintln!("skipped: this process may not mount a file system");
        None
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills it up but for this many KiB; the file that takes the room.
    pub fn fill_but(&self, kibibytes: u64) -> PathBuf {
        let ballast = self.path().join("ballast");
        let output = Command::new("df").args(["--output=avail", "-k"]).arg(self.path()).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        let free: u64 = text.lines().last().unwrap().trim().parse().unwrap();
        let size = free.saturating_sub(kibibytes) * 1024;
        std::fs::write(&ballast, vec![0; usize::try_from(size).unwrap()]).unwrap();
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What is still open there goes with the process that has it open.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
