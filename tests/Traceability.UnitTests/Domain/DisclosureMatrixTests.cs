using Traceability.Domain;
using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Domain;

/// <summary>Every case of tests/cases/disclosure against the pure function. Live servers are asked the same.</summary>
public class DisclosureMatrixTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);
    private static readonly TradeId TradeId = Any.Trade();
    private static readonly Dictionary<string, OperatorId> Operators =
        new[] { "supplier", "buyer", "stranger", "neighbour", "other_customer" }
            .ToDictionary(name => name, _ => Any.Operator());

    [Fact]
    public void There_are_at_least_two_hundred_cases_with_names_of_their_own()
    {
        Assert.True(DisclosureCaseFile.All.Count >= 200);
        Assert.Equal(DisclosureCaseFile.All.Count, DisclosureCaseFile.All.Select(one => one.Name).Distinct().Count());
    }

    [Fact]
    public void Every_case_is_answered_as_it_says()
    {
        var wrong = DisclosureCaseFile.All
            .Select(one => (one.Name, Answer: Ask(one), Right: one.Expect.Refused ?? string.Join(",", one.Expect.Fields!)))
            .Where(one => one.Answer != one.Right);

        Assert.Empty(wrong);
    }

    private static string Ask(DisclosureCaseFile one)
    {
        try
        {
            var fields = DisclosurePolicy.Decide(
                new DisclosureCase(
                    Operators[one.Caller], TradeId, one.Purpose, TradeOf(one), ReleaseOf(one),
                    !one.IsSuspended("supplier"), !one.IsSuspended("buyer")),
                Now);
            return string.Join(",", fields.Select(field => field.ToString().ToLowerInvariant()));
        }
        catch (RefusedException refused)
        {
            return string.Concat($"{refused.Reason}".Select((letter, index) =>
                char.IsUpper(letter) && index > 0 ? $"_{letter}" : $"{letter}")).ToUpperInvariant();
        }
    }

    /// <summary>From the events that lead there, as a store would fold them.</summary>
    private static Trade? TradeOf(DisclosureCaseFile one)
    {
        var (buyer, supplier) = (Operators["buyer"], Operators["supplier"]);
        object requested = new TradeRequested(TradeId, buyer, supplier, null, "", null, Now);
        object accepted = new TradeAccepted(TradeId, null, "ref", Now);
        object[] events = one.Trade switch
        {
            "none" => [],
            "requested" => [requested],
            "accepted" => [requested, accepted],
            "rejected" => [requested, new TradeRejected(TradeId, "", Now)],
            "cancelled" => [requested, new TradeCancelled(TradeId, Now)],
            _ => [requested, accepted, new TradeEnded(TradeId, supplier, Now)],
        };
        return events.Aggregate((Trade?)null, Trade.Evolve);
    }

    private static Release? ReleaseOf(DisclosureCaseFile one)
    {
        if (one.Release is not { } release)
        {
            return null;
        }

        var granted = new ReleaseGranted(
            TradeId,
            [.. release.Fields.Select(field => Enum.Parse<FootprintField>(field, ignoreCase: true))],
            release.Purpose,
            release.UntilSeconds is { } seconds ? Now.AddSeconds(seconds) : null,
            Now.AddDays(-1));
        var state = Release.Evolve(null, granted);
        return release.Revoked ? Release.Evolve(state, new ReleaseRevoked(TradeId, Now)) : state;
    }
}
