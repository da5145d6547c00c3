using System.CommandLine;
using Spectre.Console;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>`trace partner ...`.</summary>
internal static class PartnerCommands
{
    private const string Ask = "trace trade request PART --supplier OPERATOR-ID";

    public static Command Partner => new("partner", "Whom the company knows in the federation, and who sees it there.")
    {
        List(),
        Find(),
        Invite(),
        Accept(),
        Listing("list-company", "Lets all members see the company in the directory.", listed: true),
        Listing(
            "unlist-company", "Lets those members see the company that know it, and no others: as at first.",
            listed: false),
    };

    private static Verb List() => new(
        "list",
        "Lists the members that the company can see.",
        "partner list",
        async (_, session, output) =>
        {
            var answer = await Session.AllAsync(async token => await session.Partners.ListPartnersAsync(
                new() { PageSize = 1000, PageToken = token }, session.Call));
            output.Show(
                answer,
                Output.Rows(
                    ["operator id", "name", "seen by"],
                    answer.Partners.Select(one => new[] { one.OperatorId, one.Name, SeenBy(one) })),
                Ask);
        });

    private static Verb Find()
    {
        var number = new Argument<string>("number")
        {
            Description = "JP-CN: and a corporate number, LEI: and a legal entity identifier, or DUNS: and 9 digits.",
        };
        return new(
            "find",
            "Finds the member with exactly this business number. It sees your company from then on, too.",
            "partner find JP-CN:1180301018771",
            async (parsed, session, output) =>
            {
                var answer = await session.Partners.FindPartnerAsync(
                    new() { BusinessNumber = parsed.GetValue(number) }, session.Call);
                output.Show(answer, View(answer.Partner), Ask);
            },
            number);
    }

    private static Verb Invite() => new(
        "invite",
        "Makes a code for one partner, who becomes known to your company when it accepts. It is shown once.",
        "partner invite",
        async (_, session, output) =>
        {
            var answer = await session.Partners.InvitePartnerAsync(new(), session.Call);
            output.Show(
                answer,
                Output.Facts(("code", answer.Code), ("valid until", Output.Time(answer.ValidUntilTime))),
                $"your partner: trace partner accept {answer.Code}");
        });

    private static Verb Accept()
    {
        var code = new Argument<string>("code") { Description = "As your partner has given it to you." };
        return new(
            "accept",
            "Accepts the invitation of a partner.",
            "partner accept ABCDE-FGHJK-MNPQR-STUVW",
            async (parsed, session, output) =>
            {
                var answer = await session.Partners.AcceptInvitationAsync(
                    new() { Code = parsed.GetValue(code) }, session.Call);
                output.Show(answer, View(answer.Partner), Ask);
            },
            code);
    }

    private static Verb Listing(string name, string description, bool listed) => new(
        name,
        description,
        $"partner {name}",
        async (_, session, output) =>
        {
            var answer = await session.Partners.ChangeListingAsync(new() { Listed = listed }, session.Call);
            output.Show(answer, View(answer.Partner), "trace partner list");
        });

    private static Table View(Partner partner) => Output.Facts(
        ("operator id", partner.OperatorId), ("name", partner.Name), ("seen by", SeenBy(partner)));

    private static string SeenBy(Partner partner) => partner.Listed ? "all members" : "those that know it";
}
