namespace Traceability.Domain.Releases;

/// <summary>
/// The broker put its newest decisions about disclosures into its tamper-evident log. Root (Base64) is that of an RFC
/// 9162 tree over them in order of their numbers, each hashed with a salt of its own; the version of this event in its
/// stream is the number of the batch.
/// </summary>
public record DecisionsLogged(int Count, string Root, DateTimeOffset LoggedAt);
