//! A PostgreSQL cluster of its own for one run of the tests.
//!
//!     folder made -> initdb -> pg_ctl start -> tests -> pg_ctl stop -> folder removed
//!
//! The last two steps belong to a keeper: a small shell in its own process group that waits for the end of a
//! pipe whose other end only this process holds. Dropping the [`Cluster`] closes the pipe, and so does any
//! other way to end (panic, Ctrl-C, SIGTERM, SIGKILL): one path cleans up after all of them.
//!
//! The cluster listens on 127.0.0.1, with TLS for those who ask, and trusts every connection; it must never hold
//! anything but test data.
//! It does not survive a crash of the machine (`fsync=off`): tests of durability run on SQLite or start a
//! server of their own.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Failure;
use crate::install::is_root;
use crate::process::{probe, succeed};

/// The variable in which tests find the address of the cluster, as a superuser's URL.
pub(crate) const URL_VARIABLE: &str = "OPENBSS_TEST_POSTGRES";

/// Another program may take the free port between its discovery and the start of the server.
const START_ATTEMPTS_MAX: u32 = 5;

/// Every test opens a pool of its own, and as many tests run at once as there are cores.
const CONNECTIONS_MAX: u32 = 300;

/// Certificate and key of the cluster, for 127.0.0.1: those of the tests of HTTPS.
const TLS_FILES: [(&str, &[u8]); 2] = [
    ("server.crt", include_bytes!("../../server/tests/data/tls/certificate.pem")),
    ("server.key", include_bytes!("../../server/tests/data/tls/key.pem")),
];

/// A running cluster; stopped and removed when dropped.
pub(crate) struct Cluster {
    port: u16,
    keeper: Child,
}

impl Cluster {
    /// Makes and starts a cluster on a free port.
    ///
    /// # Errors
    /// A sentence when the programs are missing or the server does not start, with the end of its log.
    pub(crate) fn start() -> Result<Self, Failure> {
        let programs = programs().ok_or("no PostgreSQL found; install with: apt-get install postgresql")?;
        let owner = Owner::find()?;
        let folder = owner.make_folder()?;
        let keeper = keep(&owner, &programs, &folder)?;
        let mut cluster = Self { port: 0, keeper };
        let data = folder.join("data");
        succeed(
            owner
                .command(&programs.join("initdb"), &folder)
                .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"])
                .args(["--no-sync", "--no-instructions", "-D"])
                .arg(&data)
                .stdout(Stdio::null()),
        )?;
        write_tls_files(&data)?;
        for attempt in 1..=START_ATTEMPTS_MAX {
            cluster.port = free_port()?;
            configure(&data, &folder, cluster.port)?;
            let started = succeed(
                owner
                    .command(&programs.join("pg_ctl"), &folder)
                    .args(["start", "--silent", "--wait", "--timeout=60", "-D"])
                    .arg(&data)
                    .arg("-l")
                    .arg(folder.join("log"))
                    .stdout(Stdio::null()),
            );
            match started {
                Ok(()) => return Ok(cluster),
                Err(_) if attempt < START_ATTEMPTS_MAX => {}
                Err(failure) => return Err(format!("{failure}\n{}", log_end(&folder))),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// The superuser's URL of the database `postgres`.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Nothing can be done about a keeper that is gone, and a drop must not panic.
        let _ = self.keeper.wait();
    }
}

/// The folder of PostgreSQL's programs: beside the `initdb` of the search path, else the newest version that
/// Debian keeps outside of it.
pub(crate) fn programs() -> Option<PathBuf> {
    let search = std::env::var_os("PATH")?;
    let on_path = std::env::split_paths(&search).filter_map(|folder| {
        // A link to `initdb` alone may lie in the path; its neighbours lie where it points.
        Some(folder.join("initdb").canonicalize().ok()?.parent()?.to_path_buf())
    });
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    on_path
        .chain(versions.into_iter().rev().map(|(_, folder)| folder))
        .find(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).exists()))
}

/// The system user that owns the cluster.
enum Owner {
    /// The user of this process.
    Ourselves,
    /// PostgreSQL refuses to run as root, so root lends the cluster to this user.
    Other(&'static str),
}

impl Owner {
    fn find() -> Result<Self, Failure> {
        if !is_root() {
            return Ok(Self::Ourselves);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find(|user| probe(Command::new("id").args(["-u", user])).is_some())
            .map(Self::Other)
            .ok_or_else(|| {
                "PostgreSQL refuses to run as root, and no user postgres or nobody exists".to_owned()
            })
    }

    /// The words that stand before a command for it to run as this user.
    fn prefix(&self) -> Vec<&'static str> {
        match self {
            Self::Ourselves => Vec::new(),
            Self::Other(user) => vec!["runuser", "-u", user, "--"],
        }
    }

    /// A command of this user, in a folder that the user can enter.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = match self.prefix().as_slice() {
            [] => Command::new(program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command.current_dir(folder);
        command
    }

    /// Makes a private folder for the cluster in the temporary folder: the repository may lie below a folder
    /// that the owner cannot enter.
    fn make_folder(&self) -> Result<PathBuf, Failure> {
        let temporary = std::env::temp_dir();
        let template = temporary.join("openbss-pg-XXXXXX");
        probe(self.command(Path::new("mktemp"), Path::new("/")).arg("-d").arg(template))
            .map(PathBuf::from)
            .ok_or_else(|| {
                format!("cannot make a folder in {} for PostgreSQL; set TMPDIR", temporary.display())
            })
    }
}

/// Starts the process that stops the cluster and removes its folder once this process has let go of the pipe.
fn keep(owner: &Owner, programs: &Path, folder: &Path) -> Result<Child, Failure> {
    const SCRIPT: &str = r#"
        trap '' INT TERM HUP QUIT
        cat >/dev/null
        folder=$1 pg_ctl=$2
        shift 2
        if test -e "$folder/data/postmaster.pid"; then
            "$@" "$pg_ctl" stop --silent --mode=immediate --wait --timeout=30 -D "$folder/data"
        fi
        rm -rf "$folder""#;
    Command::new("sh")
        .args(["-c", SCRIPT, "openbss-pg-keeper"])
        .arg(folder)
        .arg(programs.join("pg_ctl"))
        .args(owner.prefix())
        .current_dir("/")
        // Ctrl-C reaches every process of the terminal's group; the keeper must outlive it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start the keeper of the PostgreSQL cluster: {error}"))
}

/// Appends the settings of a test cluster; of a setting given twice, PostgreSQL takes the last.
fn configure(data: &Path, folder: &Path, port: u16) -> Result<(), Failure> {
    let settings = format!(
        "port = {port}\n\
         listen_addresses = '127.0.0.1'\n\
         unix_socket_directories = '{}'\n\
         max_connections = {CONNECTIONS_MAX}\n\
         fsync = off\n\
         full_page_writes = off\n\
         ssl = on\n\
         timezone = 'UTC'\n",
        folder.display()
    );
    let path = data.join("postgresql.conf");
    OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(settings.as_bytes()))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Puts certificate and key into the cluster's folder. PostgreSQL takes a key only from a file that it owns and
/// nobody else can read.
fn write_tls_files(data: &Path) -> Result<(), Failure> {
    for (name, content) in TLS_FILES {
        let path = data.join(name);
        std::fs::metadata(data)
            .and_then(|folder| {
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
                file.write_all(content)?;
                chown(&path, Some(folder.uid()), Some(folder.gid()))
            })
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

fn free_port() -> Result<u16, Failure> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port on 127.0.0.1: {error}"))
}

/// The last lines of the server's log: why it did not start.
fn log_end(folder: &Path) -> String {
    const LINES_MAX: usize = 20;
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LINES_MAX)..].join("\n")
}
