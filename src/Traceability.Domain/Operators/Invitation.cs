using System.Text.Json.Serialization;

namespace Traceability.Domain.Operators;

/// <summary>A member gave somebody a code, by which that company can show that it was invited.</summary>
public record PartnerInvited(OperatorId InviterId, DateTimeOffset ValidUntil, DateTimeOffset InvitedAt);

/// <summary>The company to which the code was given has shown it.</summary>
public record InvitationAccepted(OperatorId InviteeId, DateTimeOffset AcceptedAt);

/// <summary>
/// An invitation. It is known by the hash of its code, which only the two companies have; it is good for one of them.
/// </summary>
public record Invitation(OperatorId InviterId, DateTimeOffset ValidUntil, OperatorId? InviteeId) : IState<Invitation>
{
    /// <summary>Letters are answered within a month.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromDays(30);

    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static Invitation? Evolve(Invitation? invitation, object e) => e switch
    {
        PartnerInvited i => new(i.InviterId, i.ValidUntil, null),
        InvitationAccepted a => invitation! with { InviteeId = a.InviteeId },
        _ => invitation,
    };

    /// <summary>Whoever invites more has written a loop.</summary>
    public const int MaxOpen = 100;

    /// <exception cref="RefusedException">So many of the member's invitations are open already.</exception>
    public static void MustHaveRoom(int open)
    {
        if (open >= MaxOpen)
        {
            throw new RefusedException(
                RefusalReason.LimitExceeded,
                $"{MaxOpen} invitations wait for an answer. The next can be made when one is accepted or "
                    + $"{Lifetime.TotalDays:0} days old.",
                ("limit", "invitations"),
                ("maximum", $"{MaxOpen}"));
        }
    }

    public static object[] Invite(OperatorId inviter, DateTimeOffset now) =>
        [new PartnerInvited(inviter, now + Lifetime, now)];

    /// <summary>
    /// The event by which a member accepts; none if it has. One that is used, too old, or of nobody is the same: none.
    /// </summary>
    public static object[] Accept(Invitation? invitation, OperatorId invitee, DateTimeOffset now) => invitation switch
    {
        { InviteeId: { } by } when by == invitee => [],
        { InviteeId: null } when now < invitation.ValidUntil && invitation.InviterId != invitee =>
            [new InvitationAccepted(invitee, now)],
        _ => throw new RefusedException(
            RefusalReason.NotDisclosed,
            "There is no such invitation, or it was used, or is older than "
                + $"{Lifetime.TotalDays:0} days. Look at the code again, or ask your partner for a new one."),
    };
}
