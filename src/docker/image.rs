//! Names of images: `registry/repository:tag`.

use std::fmt;

/// The name of an image in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Registry and repository as the user specified them: `team/app`, `registry.example:5000/team/app`.
    pub repository: String,
    /// Tag.
    pub tag: String,
}

impl Image {
    /// Parses `REPO:TAG`, optionally prefixed with `container://`; the default tag is `latest`.
    ///
    /// # Errors
    /// Why the name is invalid.
    pub fn parse(text: &str) -> Result<Image, String> {
        let name = text.strip_prefix("container://").unwrap_or(text);
        // A colon before the last slash belongs to a port.
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ => (name, "latest"),
        };
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let mut parts = repository.split('/');
        let first = parts.next().unwrap_or_default();
        let is_first_valid = !first.is_empty() && first.chars().all(|c| word(c) || c == ':' || c.is_ascii_uppercase());
        let is_plain = |c: char| c.is_ascii_alphanumeric();
        let has_plain_ends = |part: &str| part.starts_with(is_plain) && part.ends_with(is_plain);
        if !is_first_valid
            || !has_plain_ends(first)
            || !parts.all(|part| has_plain_ends(part) && part.chars().all(word))
        {
            return Err(format!("{repository:?} is not a valid repository name"));
        }
        let is_tag_valid = tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if tag.is_empty() || tag.len() > 128 || !is_tag_valid || tag.starts_with(['.', '-']) {
            return Err(format!("{tag:?} is not a valid tag"));
        }
        Ok(Image { repository: repository.to_owned(), tag: tag.to_owned() })
    }

    /// Returns the registry: the first segment if it has the form of a host, otherwise Docker Hub.
    pub fn registry(&self) -> &str {
        match self.repository.split_once('/') {
            Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
            _ => "docker.io",
        }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_as_by_docker() {
        for (text, registry, repository, tag) in [
            ("container://app", "docker.io", "app", "latest"),
            ("team/app:1.2", "docker.io", "team/app", "1.2"),
            ("localhost:5000/app", "localhost:5000", "localhost:5000/app", "latest"),
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:x",
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app",
                "x",
            ),
        ] {
            let image = Image::parse(text).unwrap();
            assert_eq!((image.registry(), &*image.repository, &*image.tag), (registry, repository, tag));
        }
        for text in ["", "app:", "a//b", "app:a b", "Team/App/X:1", "app:-x", "../x", "app@sha256:0"] {
            assert!(Image::parse(text).is_err(), "{text}");
        }
    }
}
