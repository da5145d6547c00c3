using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Traceability.Node.Operators;
using Traceability.Storage;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Footprints;

/// <summary>A part's footprint as it stands, with everything a person asks about it.</summary>
internal static class FootprintReader
{
    public static async Task<Wire.Footprint> FootprintAsync(
        this HostedOperator op, Part part, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (part.Kind == PartKind.Bought)
        {
            return WireFootprint.OfBought(
                part,
                await op.UpstreamAsync(part.TraceId, cancellationToken),
                await op.ReadAsync<Footprint>(Keys.Footprint(part.TraceId), cancellationToken),
                now);
        }

        var wire = await MadeAsync(op, part, now, cancellationToken);
        var certificates = await op.CertificatesAsync(part.TraceId, cancellationToken);
        if (certificates.Count > 0)
        {
            var footprint = await op.ReadAsync<Footprint>(Keys.Footprint(part.TraceId), cancellationToken);
            wire.Certificates.AddRange(certificates.Select(
                one => WireFootprint.ToWire(part.TraceId, one.Stated, one.At(now, footprint))));
        }

        return wire;
    }

    /// <summary>Every certificate about a part that this company made.</summary>
    public static Task<IReadOnlyList<Certificate>> CertificatesAsync(
        this HostedOperator op, Guid traceId, CancellationToken cancellationToken) => op.QueryAsync<Certificate>(
            "where d.data ->> 'traceId' = ? order by d.id", cancellationToken, traceId.ToString());

    /// <summary>Every version of a made part's footprint, oldest first.</summary>
    public static async Task<IReadOnlyList<FootprintRolledUp>> VersionsAsync(
        this HostedOperator op, Guid traceId, CancellationToken cancellationToken) =>
        [.. (await op.EventsAsync(Keys.Footprint(traceId), cancellationToken)).OfType<FootprintRolledUp>()];

    private static async Task<Wire.Footprint> MadeAsync(
        HostedOperator op, Part part, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var records = await op.ReadAsync([part.TraceId], now, cancellationToken);
        var footprint = records.Footprints.GetValueOrDefault(part.TraceId) ?? Footprint.Unknown(part.TraceId);
        var wire = WireFootprint.OfMade(
            part, footprint, CompanyRollUp.Of(records).Result(part.TraceId),
            Comparison.Of(footprint.Before, footprint.Standing));
        if (footprint.Proposal is { } proposal)
        {
            var proposed = new TotalOfInputs(proposal.Figures, proposal.Complete, proposal.Own, proposal.Inputs);
            wire.Proposal.Changes.AddRange(Comparison.Of(footprint.Standing, proposed).Select(WireFootprint.ToWire));
        }

        return wire;
    }

    /// <summary>What led from the version before to this one.</summary>
    public static IReadOnlyList<FootprintChange> Changes(IReadOnlyList<FootprintRolledUp> versions, long version) =>
        version == 0 ? [] : Comparison.Of(Version(versions, version - 1), Version(versions, version));

    public static TotalOfInputs Version(IReadOnlyList<FootprintRolledUp> versions, long version) =>
        version == 0 ? TotalOfInputs.Nothing : TotalOfInputs.Of(versions[(int)version - 1]);
}
