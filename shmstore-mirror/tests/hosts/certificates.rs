//! An authority for one test, and certificates for its hosts.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Writes `authority.pem`, and `NAME.pem` and `NAME.key` for each name. A certificate has the addresses of both hosts.
pub(crate) fn write(directory: &Path, names: &[&str]) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority of a test");
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("a certificate");
    std::fs::write(directory.join("authority.pem"), authority.pem()).expect("a file");
    let issuer = Issuer::new(params, key);
    for name in names {
        let addresses = ["10.7.7.1", "10.7.7.2", "127.0.0.1", "localhost"].map(String::from).to_vec();
        let mut params = CertificateParams::new(addresses).expect("addresses");
        params.distinguished_name.push(DnType::CommonName, *name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        std::fs::write(directory.join(format!("{name}.pem")), certificate.pem()).expect("a file");
        std::fs::write(directory.join(format!("{name}.key")), key.serialize_pem()).expect("a file");
    }
}
