//! `shmstore serve`: objects for browsers and Prometheus.

use std::path::PathBuf;

use crate::failure::{Failure, Outcome};
use crate::serve::{self, Listen, Settings};

/// Show objects live in a browser, and to Prometheus
///
///   shmstore serve                          all objects, at http://127.0.0.1:9464/
///   shmstore serve /srv/robot               the objects at this path and below it
///   curl http://127.0.0.1:9464/metrics      the values as metrics
///
/// The server reads. It attaches each object for a moment, only while somebody asks, and it
/// takes no slot in it. It ends by SIGINT or SIGTERM.
///
/// Paths of the server:
///   /                                       the page
///   /metrics                                OpenMetrics 1.0, or Prometheus text 0.0.4
///   /events?object=SEGMENT                  server-sent events, at most 4 a second
///   /api/objects                            as `shmstore ls --json`
///   /api/objects/SEGMENT                    as `shmstore show --json`
///   /api/objects/SEGMENT/fields/FIELD       as `shmstore get --json`
///   /api/objects/SEGMENT/schema             as `shmstore schema --json`
///   /api/objects/SEGMENT/layout.svg         the layout as a picture
///   /api/doctor                             as `shmstore doctor --json`
///   /healthz                                ok
///
/// Programs of your own user and of root may read, by the loopback address. Other
/// users of this machine need --allow-user or the token. A listener that is not on the
/// loopback address needs the token always. Without --token-file, the server makes a token
/// if one is needed, and prints it in the address of the page.
///
/// With --write, POST /api/objects/SEGMENT/fields/FIELD stores a JSON value. It needs the
/// token, an Origin, and Content-Type: application/json. With If-Match: VERSION, the value
/// is stored only if the part still has that version.
///
/// There is no TLS. For other machines, use `ssh -L 9464:127.0.0.1:9464 HOST`, or a proxy.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Serve only the objects at these files or directories, and below them
    paths: Vec<PathBuf>,
    /// Where to listen: ADDRESS:PORT, or unix:PATH; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9464", value_parser = serve::listen)]
    listen: Listen,
    /// Accept requests for this host name, too, as of a proxy
    #[arg(long = "host", value_name = "NAME", value_parser = serve::host)]
    hosts: Vec<String>,
    /// Let this user of the machine read without a token: a name or a number
    #[arg(long = "allow-user", value_name = "USER", value_parser = serve::user)]
    users: Vec<u32>,
    /// Read the token from this file, which only its owner may read (mode 0600)
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Let clients store values
    #[arg(long)]
    write: bool,
    /// Allow --write on an address that other machines can reach
    #[arg(long, requires = "write")]
    insecure: bool,
    /// Metrics: the elements of an array, and the keys of a map, that are shown
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    elements: u64,
    /// Metrics: the most series; the others are counted
    #[arg(long, value_name = "COUNT", default_value_t = 50_000)]
    max_series: usize,
    /// Metrics: show the text of this field as a label
    #[arg(long = "text", value_name = "FIELD")]
    texts: Vec<String>,
}

/// Serves until a signal comes.
///
/// # Errors
///
/// - [`Failure::NotFound`]: a path does not exist, and no object was created there.
/// - [`Failure::Refused`]: the address is in use, or is not safe with these options.
/// - [`Failure::File`]: the file of the token or the socket cannot be used.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let (elements, most_series, texts) = (args.elements, args.max_series, args.texts.clone());
    serve::run(Settings {
        paths: args.paths.clone(),
        listen: args.listen.clone(),
        hosts: args.hosts.clone(),
        users: args.users.clone(),
        token_file: args.token_file.clone(),
        write: args.write,
        insecure: args.insecure,
        metrics: serve::Shape { elements, most_series, texts },
    })
}
