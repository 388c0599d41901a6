//! Discovery of personal data: detectors over values, classification of columns, the audit of a
//! database, and the first configuration that is derived from them.

