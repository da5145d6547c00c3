using Traceability.Domain;
using Traceability.Domain.Operators;
using Xunit;

namespace Traceability.UnitTests.Domain;

/// <summary>Every key is kept for ever, so there is an end to how many an operator publishes.</summary>
public class OperatorKeyTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly OperatorId Id = new(Guid.CreateVersion7());

    [Fact]
    public void As_many_as_the_limit_are_published_and_the_next_is_told_when_it_may_be()
    {
        var member = Publish(Member(), KeyUse.Signing, Operator.MaxKeys);

        var refused = Refusal.Of(RefusalReason.LimitExceeded, () => member.Publish("next", KeyUse.Signing, "{}", At(Operator.MaxKeys)));

        Assert.Equal(("keys", "100"), (refused.Details["limit"], refused.Details["maximum"]));
        Assert.Contains("after 2026-01-31 00:00:00Z", refused.Message, StringComparison.Ordinal);
        Assert.Contains("can be revoked at once", refused.Message, StringComparison.Ordinal);
        Assert.Single(member.Publish("next", KeyUse.Signing, "{}", Start + Operator.KeyWindow));
    }

    [Fact]
    public void The_key_in_use_is_published_again_and_other_uses_have_limits_of_their_own()
    {
        var member = Publish(Member(), KeyUse.Signing, Operator.MaxKeys);

        Assert.Empty(member.Publish($"{KeyUse.Signing} {Operator.MaxKeys - 1}", KeyUse.Signing, "{}", At(Operator.MaxKeys)));
        Assert.Single(member.Publish("sealing", KeyUse.Sealing, "{}", At(Operator.MaxKeys)));
        Assert.Single(member.Publish("log", KeyUse.Log, "{}", At(Operator.MaxKeys)));
    }

    [Fact]
    public void A_key_that_was_lost_is_revoked_at_the_limit_and_makes_room_for_another()
    {
        var member = Publish(Member(), KeyUse.Signing, Operator.MaxKeys);
        var now = At(Operator.MaxKeys);

        member = Evolve(member, member.Revoke($"{KeyUse.Signing} {Operator.MaxKeys - 1}", now, now));

        member = Evolve(member, member.Publish("next", KeyUse.Signing, "{}", now));
        Refusal.Of(RefusalReason.LimitExceeded, () => member.Publish("one more", KeyUse.Signing, "{}", now));
    }

    [Fact]
    public void A_key_a_day_is_never_too_much()
    {
        var member = Member();
        for (var day = 0; day < 1000; day++)
        {
            member = Evolve(member, member.Publish($"day {day}", KeyUse.Signing, "{}", Start.AddDays(day)));
        }

        Assert.Equal(1000, member.Keys.Count);
    }

    private static Operator Publish(Operator member, KeyUse use, int count) => Enumerable.Range(0, count)
        .Aggregate(member, (one, key) => Evolve(one, one.Publish($"{use} {key}", use, "{}", At(key))));

    private static Operator Member() => Operator.Evolve(null, new OperatorEnrolled(Id, "Company", Start))!;

    private static Operator Evolve(Operator member, object[] events) =>
        events.Aggregate(member, (one, e) => Operator.Evolve(one, e)!);

    private static DateTimeOffset At(int minutes) => Start.AddMinutes(minutes);
}
