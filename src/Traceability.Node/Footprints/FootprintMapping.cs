using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Hosting;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Footprints;

/// <summary>Footprints as they travel.</summary>
internal static class FootprintMapping
{
    /// <summary>A part with all that is known of it.</summary>
    /// <param name="part">The part.</param>
    /// <param name="footprint">What stands.</param>
    /// <param name="result">What each line adds.</param>
    /// <param name="changes">What led to the version that stands.</param>
    public static Wire.Footprint OfMade(
        Part part, Footprint footprint, RollUpResult result, IReadOnlyList<FootprintChange> changes)
    {
        var wire = new Wire.Footprint
        {
            TraceId = part.TraceId.ToString(),
            DeclaredUnit = part.DeclaredUnit,
            Figures = footprint.Figures is { } figures ? FigureMapping.ToWire(figures) : null,
            Complete = footprint.Complete,
            Contribution = Contribution(footprint),
            Version = footprint.FootprintVersion,
            RollUpTime = footprint.RolledUpAt?.ToTimestamp(),
            ReferencePeriod = FigureMapping.ToWire(footprint.Period),
            Lines = { result.Lines.Select(ToWire) },
            Coverage = Coverage(footprint, result),
            Changes = { changes.Select(ToWire) },
            ApprovalRequired = footprint.ApprovalRequired,
            Held = footprint.Held switch
            {
                null => "",
                HoldReason.TooManyRevisions => "too_many_revisions",
                _ => "too_large",
            },
            ValidUntilTime = footprint.ValidUntil?.ToTimestamp(),
            Etag = footprint.StreamVersion == 0 ? "" : $"{footprint.StreamVersion}",
        };
        if (footprint.Proposal is { } proposal)
        {
            wire.Proposal = new Wire.FootprintProposal
            {
                Version = footprint.FootprintVersion + 1,
                Figures = proposal.Figures is { } proposed ? FigureMapping.ToWire(proposed) : null,
                Complete = proposal.Complete,
                ProposeTime = proposal.ProposedAt.ToTimestamp(),
            }.WithCompleteTotal();
        }

        return wire.WithCompleteTotal();
    }

    /// <summary>What the supplier told, or until then what a data set says.</summary>
    public static Wire.Footprint OfBought(Part part, UpstreamTotal? upstream, Footprint? typed, DateTimeOffset now)
    {
        var answered = upstream?.StateAt(now) == LineState.Answered;
        var figures = answered ? upstream!.Figures : typed?.ContributionAt(now);
        return new Wire.Footprint
        {
            TraceId = part.TraceId.ToString(),
            DeclaredUnit = answered ? upstream!.DeclaredUnit : part.DeclaredUnit,
            Figures = figures is null ? null : FigureMapping.ToWire(figures),
            Complete = answered ? upstream!.Complete : figures is not null,
            Contribution = typed is null ? null : Contribution(typed),
            Version = upstream?.FootprintVersion ?? 0,
            RollUpTime = upstream?.ReceivedAt?.ToTimestamp(),
            ReferencePeriod = FigureMapping.ToWire(answered ? upstream!.Period : typed?.Period),
            ValidUntilTime = (answered ? upstream!.ValidUntil : typed?.ValidUntil)?.ToTimestamp(),
            Etag = typed is null ? "" : $"{typed.StreamVersion}",
            Certificates =
            {
                upstream?.CertificatesAt(now).Select(
                    one => ToWire(part.TraceId, one.Certificate, one.Standings)) ?? [],
            },
        }.WithCompleteTotal();
    }

    public static Wire.FootprintVersion ToWire(FootprintRolledUp version, IReadOnlyList<FootprintChange> changes)
    {
        var shown = changes.Select(ToWire).ThatFit(MessagePages.MaxBytes / 2);
        return new Wire.FootprintVersion
        {
            Version = version.Version,
            Figures = version.Figures is { } figures ? FigureMapping.ToWire(figures) : null,
            Complete = version.Complete,
            RollUpTime = version.RolledUpAt.ToTimestamp(),
            Changes = { shown },
            ChangesLeftOff = changes.Count - shown.Count,
        }.WithCompleteTotal();
    }

    /// <summary>
    /// What is incomplete has no complete total: a program that reads only that field takes no gap for a reduction.
    /// </summary>
    public static T WithCompleteTotal<T>(this T message)
        where T : IMessage<T>
    {
        var fields = message.Descriptor;
        var figures = (Contracts.Common.V1.Figures?)fields.FindFieldByName("figures").Accessor.GetValue(message);
        if (fields.FindFieldByName("complete").Accessor.GetValue(message) is true && figures is { HasTotal: true })
        {
            fields.FindFieldByName("complete_total").Accessor.SetValue(message, figures.Total);
        }

        return message;
    }

    /// <summary>
    /// As much of a footprint as one message holds; how much more there is stands beside each list. The lines go on
    /// with ListFootprintLines, the changes with CompareFootprints.
    /// </summary>
    public static Wire.Footprint ThatFits(this Wire.Footprint footprint)
    {
        footprint.LinesLeftOff = Cut(footprint.Lines, MessagePages.MaxBytes);
        footprint.ChangesLeftOff = Cut(footprint.Changes, MessagePages.MaxBytes / 2);
        if (footprint.Coverage is { } coverage)
        {
            coverage.MissingLeftOff = Cut(coverage.Missing, MessagePages.MaxBytes / 4);
        }

        if (footprint.Proposal is { } proposal)
        {
            proposal.ChangesLeftOff = Cut(proposal.Changes, MessagePages.MaxBytes / 4);
        }

        footprint.CertificatesLeftOff = Cut(footprint.Certificates, MessagePages.MaxBytes / 4);
        return footprint;
    }

    private static int Cut<T>(RepeatedField<T> list, int maxBytes)
        where T : IMessage
    {
        T[] all = [.. list];
        list.Clear();
        list.AddRange(all.ThatFit(maxBytes));
        return all.Length - list.Count;
    }

    public static Wire.SimulatedTotal ToWire(TraceId traceId, RollUpResult result) => new Wire.SimulatedTotal
    {
        TraceId = traceId.ToString(),
        Figures = result.Figures is { } figures ? FigureMapping.ToWire(figures) : null,
        Complete = result.Complete,
    }.WithCompleteTotal();

    public static Wire.HotSpot ToWire(HotSpot spot) => new()
    {
        TraceId = spot.TraceId.ToString(),
        TradeId = $"{spot.TradeId}",
        Origin = (Wire.LineOrigin)spot.Origin,
        Amount = Amount.Format(spot.Amount),
        Share = Amount.Format(spot.Share),
    };

    public static Wire.FootprintChange ToWire(FootprintChange change)
    {
        var wire = new Wire.FootprintChange
        {
            Kind = (Wire.ChangeKind)change.Kind,
            ChildTraceId = $"{change.ChildTraceId}",
            TradeId = $"{change.TradeId}",
            Effect = Amount.Format(change.Effect),
        };
        if (change.Before is { } before)
        {
            wire.Before = Amount.Format(before);
        }

        if (change.After is { } after)
        {
            wire.After = Amount.Format(after);
        }

        return wire;
    }

    /// <summary>One of the company's own, beside the figures as they stand.</summary>
    public static Wire.Certificate ToWire(Certificate certificate, Footprint footprint, DateTimeOffset now)
    {
        var wire = ToWire(certificate.TraceId, certificate.Stated, certificate.StandingsAt(now, footprint));
        wire.CertifiedFigures = FigureMapping.ToWire(certificate.Certified.ToFigures());
        wire.CurrentFigures = footprint.Figures is { } figures
            ? FigureMapping.ToWire(StatedFigures.Of(figures).ToFigures())
            : null;
        wire.WithdrawTime = certificate.WithdrawnAt?.ToTimestamp();
        return wire;
    }

    private static Wire.Certificate ToWire(
        TraceId traceId, StatedCertificate certificate, IReadOnlyList<CertificateStanding> standings) => new()
        {
            CertificateId = certificate.CertificateId.ToString(),
            TraceId = traceId.ToString(),
            Verifier = certificate.Verifier,
            Validity = FigureMapping.ToWire(new ReferencePeriod(certificate.ValidFrom, certificate.ValidUntil)),
            Version = certificate.Version,
            Standing = (Wire.CertificateStanding)standings[0],
            Standings = { standings.Select(standing => (Wire.CertificateStanding)standing) },
        };

    private static Wire.Contribution? Contribution(Footprint footprint) => footprint.Contribution is not { } own
        ? null
        : new()
        {
            TraceId = footprint.TraceId.ToString(),
            Figures = FigureMapping.ToWire(own, footprint.PrimaryShare),
            ReferencePeriod = FigureMapping.ToWire(footprint.Period),
            Source = footprint.Source ?? "",
            ValidUntilTime = footprint.ValidUntil?.ToTimestamp(),
        };

    private static Wire.FootprintLine ToWire(RollUpLine line)
    {
        var wire = new Wire.FootprintLine
        {
            ChildTraceId = line.ChildTraceId.ToString(),
            Quantity = FigureMapping.ToWire(new Quantity(line.Amount, line.Unit)),
            State = (Wire.LineState)line.State,
            Figures = line.Figures is { } figures ? FigureMapping.ToWire(figures) : null,
            Origin = (Wire.LineOrigin)line.Origin,
            TradeId = $"{line.TradeId}",
            Complete = line.Complete,
        };
        if (line.Version is { } version)
        {
            wire.Version = version;
        }

        return wire.WithCompleteTotal();
    }

    private static Wire.Coverage Coverage(Footprint footprint, RollUpResult result)
    {
        var lines = result.Lines.GroupBy(line => line.ChildTraceId).ToList();
        var coverage = new Wire.Coverage
        {
            Lines = lines.Count,
            CompleteLines = lines.Count(line => line.All(supplier => supplier.Complete)),
        };
        if (result.Own is null)
        {
            coverage.Missing.Add(new Wire.MissingFigure
            {
                TraceId = footprint.TraceId.ToString(),
                Reason = footprint.Contribution is null
                    ? "own contribution not declared"
                    : "own contribution expired",
            });
        }

        coverage.Missing.AddRange(result.Lines.Where(line => !line.Complete).Select(line => new Wire.MissingFigure
        {
            TraceId = line.ChildTraceId.ToString(),
            TradeId = $"{line.TradeId}",
            Reason = line.State == LineState.Answered ? "incomplete" : line.State.ToString().ToLowerInvariant(),
        }));
        return coverage;
    }
}
