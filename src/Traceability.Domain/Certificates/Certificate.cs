using System.Text.Json.Serialization;
using Traceability.Domain.Footprints;

namespace Traceability.Domain.Certificates;

/// <summary>
/// A verifier's certificate about one version of a footprint was put on record. Document is what customers get to whom
/// it is released: the same for all.
/// </summary>
public record CertificateRecorded(
    Guid CertificateId, TraceId TraceId, string Verifier, long Version, StatedFigures Certified,
    DateTimeOffset ValidFrom,
    DateTimeOffset ValidUntil, DateTimeOffset RecordedAt, string? Document = null);

/// <summary>
/// The key under which a certificate went out is not believed any more: customers get the same under another key.
/// </summary>
public record CertificateSignedAnew(Guid CertificateId, string Document, DateTimeOffset SignedAt);

/// <summary>The company does not stand by a certificate any more: customers get it no longer.</summary>
public record CertificateWithdrawn(Guid CertificateId, DateTimeOffset WithdrawnAt);

/// <summary>The end of a certificate has come: customers get it no longer.</summary>
public record CertificateExpired(Guid CertificateId, DateTimeOffset ExpiredAt);

/// <summary>A certificate as a customer is told of it.</summary>
public sealed record StatedCertificate(
    Guid CertificateId, string Verifier, long Version, DateTimeOffset ValidFrom, DateTimeOffset ValidUntil)
{
    public CertificateStanding At(DateTimeOffset time) =>
        time < ValidFrom ? CertificateStanding.NotYetValid
        : time >= ValidUntil ? CertificateStanding.Expired
        : CertificateStanding.InForce;
}

/// <summary>What a certificate is worth at a moment.</summary>
public enum CertificateStanding
{
    InForce = 1,
    NotYetValid = 2,
    Expired = 3,

    /// <summary>The figure has moved since.</summary>
    NoLongerMatching = 4,

    /// <summary>The company that recorded it does not stand by it any more.</summary>
    Withdrawn = 5,
}

/// <summary>Several things may speak against a certificate at once; none of them hides another.</summary>
public static class CertificateStandings
{
    /// <summary>All that speaks against it, the gravest first; that it is in force, if nothing does.</summary>
    public static IReadOnlyList<CertificateStanding> Of(bool withdrawn, bool matching, CertificateStanding byTime)
    {
        CertificateStanding[] against =
        [
            .. withdrawn ? [CertificateStanding.Withdrawn] : Array.Empty<CertificateStanding>(),
            .. matching ? Array.Empty<CertificateStanding>() : [CertificateStanding.NoLongerMatching],
            .. byTime == CertificateStanding.InForce ? Array.Empty<CertificateStanding>() : [byTime],
        ];
        return against.Length > 0 ? against : [CertificateStanding.InForce];
    }
}

/// <summary>A certificate is bound to value, version and period.</summary>
/// <param name="CertificateId">Its id.</param>
/// <param name="TraceId">The part.</param>
/// <param name="Verifier">Who certifies.</param>
/// <param name="FootprintVersion">Of the footprint that was certified.</param>
/// <param name="Certified">The figures of that version, as they leave the company.</param>
/// <param name="ValidFrom">Inclusive.</param>
/// <param name="ValidUntil">Exclusive.</param>
/// <param name="RecordedAt">When it was put on record.</param>
public record Certificate(
    Guid CertificateId, TraceId TraceId, string Verifier, long FootprintVersion, StatedFigures Certified,
    DateTimeOffset ValidFrom,
    DateTimeOffset ValidUntil, DateTimeOffset RecordedAt) : IState<Certificate>
{
    /// <summary>As customers get it; null for one that was recorded before certificates could be released.</summary>
    public string? Document { get; init; }

    public DateTimeOffset? WithdrawnAt { get; init; }

    /// <summary>When its end had come and customers were told; null until then.</summary>
    public DateTimeOffset? ExpiredAt { get; init; }

    public const int MaxVerifier = 200;

    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public StatedCertificate Stated => new(CertificateId, Verifier, FootprintVersion, ValidFrom, ValidUntil);

    public static Certificate? Evolve(Certificate? certificate, object e) => e switch
    {
        CertificateRecorded r => new(
            r.CertificateId, r.TraceId, r.Verifier, r.Version, r.Certified, r.ValidFrom, r.ValidUntil, r.RecordedAt)
        {
            Document = r.Document,
        },
        CertificateSignedAnew s => certificate! with { Document = s.Document },
        CertificateWithdrawn w => certificate! with { WithdrawnAt = w.WithdrawnAt },
        CertificateExpired x => certificate! with { ExpiredAt = x.ExpiredAt },
        _ => certificate,
    };

    /// <summary>The events that make the record true; none if it already is.</summary>
    /// <param name="existing">The certificate as it stands.</param>
    /// <param name="certificateId">Its id.</param>
    /// <param name="footprint">The footprint as it stands: what was certified.</param>
    /// <param name="verifier">Who certifies.</param>
    /// <param name="stages">The amounts on the certificate, as they are printed.</param>
    /// <param name="valid">From when until when.</param>
    /// <param name="sign">Makes of it what customers get.</param>
    /// <param name="now">The time.</param>
    public static object[] Record(
        Certificate? existing, Guid certificateId, Footprint footprint, string verifier,
        IReadOnlyList<StageFigure> stages, ReferencePeriod valid, Func<StatedCertificate, string> sign,
        DateTimeOffset now)
    {
        if (existing is not null)
        {
            return (existing.TraceId, existing.Verifier, existing.ValidFrom, existing.ValidUntil)
                == (footprint.TraceId, verifier, valid.Start, valid.End)
                ? []
                : throw new RefusedException(
                    RefusalReason.AlreadyExists,
                    $"Certificate id {certificateId} is taken by another certificate; choose a new one.",
                    ("certificate_id", certificateId.ToString()));
        }

        if (footprint.Figures is null || stages.FirstOrDefault(one => !Says(footprint.Figures, one)) is { } wrong)
        {
            throw new RefusedException(
                RefusalReason.CertificateMismatch,
                $"The certificate does not say what the footprint of part {footprint.TraceId} says now; nothing is "
                    + "recorded.",
                ("trace_id", footprint.TraceId.ToString()));
        }

        var stated = new StatedCertificate(certificateId, verifier, footprint.FootprintVersion, valid.Start, valid.End);
        return
        [
            new CertificateRecorded(
                certificateId, footprint.TraceId, verifier, footprint.FootprintVersion,
                StatedFigures.Of(footprint.Figures),
                valid.Start, valid.End, now, sign(stated)),
        ];
    }

    /// <summary>The events that replace what customers get; none if it has been replaced already.</summary>
    /// <param name="existing">The certificate as it stands.</param>
    /// <param name="replaced">The document that is not believed any more.</param>
    /// <param name="sign">Makes of it what customers get.</param>
    /// <param name="now">The time.</param>
    public static object[] SignAnew(
        Certificate? existing, string replaced, Func<StatedCertificate, string> sign, DateTimeOffset now) =>
        existing is null || existing.Document != replaced
            ? []
            : [new CertificateSignedAnew(existing.CertificateId, sign(existing.Stated), now)];

    /// <summary>The events that withdraw it; none if it has been already.</summary>
    public static object[] Withdraw(Certificate? existing, Guid certificateId, DateTimeOffset now) => existing switch
    {
        null => throw RefusedException.NotDisclosed("Certificate", "certificate_id", certificateId),
        { WithdrawnAt: not null } => [],
        _ => [new CertificateWithdrawn(certificateId, now)],
    };

    /// <summary>The events that follow from its end; none before it has come, or once it has been seen.</summary>
    public static object[] Expire(Certificate? existing, DateTimeOffset now) =>
        existing is { ExpiredAt: null } && existing.ValidUntil <= now
            ? [new CertificateExpired(existing.CertificateId, now)]
            : [];

    /// <summary>What it is worth: the gravest of what speaks against it.</summary>
    public CertificateStanding At(DateTimeOffset time, Footprint? footprint) => StandingsAt(time, footprint)[0];

    /// <summary>All that is to be said of it, the gravest first.</summary>
    public IReadOnlyList<CertificateStanding> StandingsAt(DateTimeOffset time, Footprint? footprint) =>
        CertificateStandings.Of(WithdrawnAt is not null, Matches(footprint), Stated.At(time));

    private bool Matches(Footprint? footprint) =>
        footprint?.Figures is { } figures && StatedFigures.Of(figures).Equals(Certified);

    /// <summary>Verifiers print fewer digits, rounded up (Ouranos: five decimals) or to the nearest.</summary>
    private static bool Says(Figures figures, StageFigure printed)
    {
        var amount = figures.Stages?.FirstOrDefault(stage => stage.Stage == printed.Stage)?.Amount ?? 0;
        var decimals = printed.Amount.Scale;
        return printed.Amount == Math.Round(amount, decimals, MidpointRounding.ToPositiveInfinity)
            || printed.Amount == Math.Round(amount, decimals, MidpointRounding.ToEven);
    }
}
