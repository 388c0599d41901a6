//! Resolves and stores secrets.

use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::{ExposeSecret, SecretString};

use super::error::Error;
use super::program::{failed, find_program, run};
use crate::config::Password;

/// Time limit of a program that prints or stores a secret.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Length of a generated secret in characters: 240 bits.
const GENERATED: usize = 40;

/// Resolves a secret. The program that is to store a generated one must exist, though it runs later. `purpose` fits after "the": `password of app_service`.
///
/// # Errors
/// If there is none, or the program that prints it fails or takes longer than a minute.
pub async fn resolve(password: &Password, purpose: &str) -> Result<SecretString, Error> {
    resolve_within(TIME_LIMIT, password, purpose).await
}

async fn resolve_within(patience: Duration, password: &Password, purpose: &str) -> Result<SecretString, Error> {
    match password {
        Password::Env(variable) => from_environment(variable, purpose),
        Password::Command(argv) => {
            let output = run(patience, argv, None, purpose).await?;
            let output = output.strip_suffix('\n').unwrap_or(&output);
            let secret = output.strip_suffix('\r').unwrap_or(output);
            if secret.is_empty() {
                return Err(failed(argv, purpose, "printed nothing"));
            }
            Ok(secret.into())
        }
        Password::Generate { store } => {
            if let Some(argv) = store {
                find_program(argv, purpose)?;
            }
            generate(purpose)
        }
    }
}

/// Passes a generated secret to the program that stores it. Separate from [`resolve`], because a secret is stored only
/// right before its generation becomes the live one: until then developers use the old one.
///
/// # Errors
/// If the program fails or takes longer than a minute.
pub async fn store(password: &Password, secret: &SecretString, purpose: &str) -> Result<(), Error> {
    match password {
        Password::Generate { store: Some(argv) } => run(TIME_LIMIT, argv, Some(secret), purpose).await.map(drop),
        Password::Generate { store: None } | Password::Env(_) | Password::Command(_) => Ok(()),
    }
}

/// Checks a master password against RDS's rule, which RDS's own error does not explain.
///
/// # Errors
/// If RDS would refuse it.
pub fn check_master(password: &SecretString) -> Result<(), Error> {
    let password = password.expose_secret();
    let why = if password.chars().count() < 8 {
        "has fewer than 8 characters"
    } else if password.chars().count() > 128 {
        "has more than 128 characters"
    } else if password.chars().any(|character| !character.is_ascii_graphic() || "/\"@'".contains(character)) {
        "has a character that RDS refuses"
    } else {
        return Ok(());
    };
    Err(Error::Master { why })
}

fn from_environment(variable: &str, purpose: &str) -> Result<SecretString, Error> {
    let why = match std::env::var(variable) {
        Ok(secret) if secret.is_empty() => "is empty",
        Ok(secret) => return Ok(secret.into()),
        Err(std::env::VarError::NotPresent) => "is not set",
        Err(std::env::VarError::NotUnicode(_)) => "is not UTF-8",
    };
    Err(Error::Environment { purpose: purpose.to_owned(), variable: variable.to_owned(), why })
}

fn generate(purpose: &str) -> Result<SecretString, Error> {
    // 64 characters, so that six bits of a byte choose one without bias.
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    let mut bytes = [0_u8; GENERATED];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| Error::Randomness { purpose: purpose.to_owned(), why: error.to_string() })?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Exit, Failure};

    async fn shell(script: &str) -> Result<String, String> {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        let secret = resolve(&Password::Command(argv), "password of app").await;
        secret.map(|secret| secret.expose_secret().to_owned()).map_err(|error| error.to_string())
    }

    async fn stored(script: &str) -> Result<String, String> {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        let password = Password::Generate { store: Some(argv) };
        let secret = resolve(&password, "password of app").await.unwrap();
        let result = store(&password, &secret, "password of app").await;
        result.map(|()| secret.expose_secret().to_owned()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn an_unset_variable_is_an_error() {
        let path = resolve(&Password::Env("PATH".into()), "x").await.unwrap();
        assert_eq!(path.expose_secret(), std::env::var("PATH").unwrap());
        let error = resolve(&Password::Env("DEVDB_NOT_SET".into()), "password of app").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the password of app is configured as the environment variable DEVDB_NOT_SET, which is not set"
        );
        let failure = Failure::from(error);
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(failure.hint.unwrap(), "set DEVDB_NOT_SET; in a workflow, under `env:` of the step");
    }

    #[tokio::test]
    async fn one_final_line_break_is_removed_from_output() {
        assert_eq!(shell("printf 's3cret'").await.unwrap(), "s3cret");
        assert_eq!(shell("printf 's3cret\\n'").await.unwrap(), "s3cret");
        assert_eq!(shell("printf ' a\\r\\n\\r\\n'").await.unwrap(), " a\r\n");
        assert_eq!(shell("true").await.unwrap_err(), "the program `sh` for the password of app printed nothing");
    }

    #[tokio::test]
    async fn the_error_of_a_program_has_its_status_and_last_error_line_but_not_its_output() {
        assert_eq!(
            shell("echo s3cret; echo first >&2; printf 'no \\033[31mtoken\\n' >&2; exit 3").await.unwrap_err(),
            "the program `sh` for the password of app failed (exit status: 3): no [31mtoken"
        );
        let missing = resolve(&Password::Command(vec!["/no/such".into()]), "x").await.unwrap_err();
        assert_eq!(
            missing.to_string(),
            "the program `/no/such` for the x could not be started: No such file or directory (os error 2)"
        );
        assert_eq!(
            shell("printf '\\377\\n'").await.unwrap_err(),
            "the program `sh` for the password of app printed something that is not UTF-8"
        );
        assert_eq!(
            shell("yes s3cret").await.unwrap_err(),
            "the program `sh` for the password of app printed more than 65536 bytes"
        );
    }

    #[tokio::test]
    async fn no_shell_interprets_the_arguments() {
        let argv = ["printf", "%s", "$(id); `id`"].map(str::to_owned).to_vec();
        assert_eq!(resolve(&Password::Command(argv), "x").await.unwrap().expose_secret(), "$(id); `id`");
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 1000 & echo $! > {}; wait", file.display());
        let argv = ["sh", "-c", &script].map(str::to_owned).to_vec();
        let error = resolve_within(Duration::from_secs(1), &Password::Command(argv), "x").await.unwrap_err();
        assert_eq!(error.to_string(), "the program `sh` for the x took longer than 1 s");
        let pid: i32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        for _ in 0..500 {
            // Gone, or a zombie that its new parent has not collected yet.
            let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
            if rustix::process::test_kill_process(pid).is_err() || state.contains(") Z ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the child of the program is still alive");
    }

    #[tokio::test]
    async fn rds_accepts_a_generated_secret() {
        let one = resolve(&Password::Generate { store: None }, "x").await.unwrap();
        let other = resolve(&Password::Generate { store: None }, "x").await.unwrap();
        assert_eq!(one.expose_secret().len(), GENERATED);
        assert_ne!(one.expose_secret(), other.expose_secret());
        for _ in 0..200 {
            check_master(&generate("x").unwrap()).unwrap();
        }
    }

    #[tokio::test]
    async fn a_stored_secret_arrives_on_standard_input_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let script = format!("cat > {0}; tr '\\0' ' ' < /proc/self/cmdline > {0}.args; env > {0}.env", file.display());
        let secret = stored(&script).await.unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), secret);
        for other in ["args", "env"] {
            assert!(!std::fs::read_to_string(file.with_extension(other)).unwrap().contains(&secret));
        }
        store(&Password::Generate { store: None }, &"x".to_owned().into(), "x").await.unwrap();
        let error = stored("cat >/dev/null; echo locked >&2; exit 1").await.unwrap_err();
        assert_eq!(error, "the program `sh` for the password of app failed (exit status: 1): locked");
    }

    #[test]
    fn the_rule_of_rds_is_checked() {
        let check = |text: &str| check_master(&text.to_owned().into()).map_err(|error| error.to_string());
        assert_eq!(check("abcdefgh"), Ok(()));
        assert_eq!(check(&"a".repeat(128)), Ok(()));
        assert_eq!(check("abcdefg"), Err("the master password has fewer than 8 characters".into()));
        assert_eq!(check(&"a".repeat(129)), Err("the master password has more than 128 characters".into()));
        for wrong in ["abcdef/h", "abcdef\"h", "abcdef@h", "abcdef'h", "abcdef h", "abcdefgé", "abcdefg\n"] {
            assert_eq!(check(wrong), Err("the master password has a character that RDS refuses".into()), "{wrong}");
        }
    }
}
