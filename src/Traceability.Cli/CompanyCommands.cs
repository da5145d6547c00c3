using System.CommandLine;
using Spectre.Console;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>`trace company ...`.</summary>
internal static class CompanyCommands
{
    public static Command Company => new("company", "What the company has settled for all it does.")
    {
        Show(),
        ChooseTimeZone(),
        TimeZones(),
    };

    private static Verb Show() => new(
        "show",
        "Shows what is settled: the time zone of the company's days.",
        "company show",
        async (_, session, output) =>
        {
            var answer = await session.Company.GetCompanyAsync(new(), session.Call);
            output.Show(answer, View(answer.Settings), "trace company choose-time-zone Asia/Tokyo");
        });

    private static Verb ChooseTimeZone()
    {
        var zone = new Argument<string>("zone")
        {
            Description = "A name in the IANA time zone database, such as Asia/Tokyo or Europe/Berlin, or UTC.",
        };
        return new(
            "choose-time-zone",
            "Chooses the zone of the company's days from now on. What was declared stays the times that it is.",
            "company choose-time-zone Asia/Tokyo",
            async (parsed, session, output) =>
            {
                var answer = await session.Company.ChooseTimeZoneAsync(
                    new() { TimeZone = parsed.GetValue(zone) }, session.Call);
                output.Show(
                    answer, View(answer.Settings),
                    "what was declared in days of another zone: trace footprint declare, or the sheet, again");
            },
            zone);
    }

    private static Verb TimeZones() => new(
        "time-zones",
        "Lists the time zones that the company has chosen, newest first.",
        "company time-zones",
        async (_, session, output) =>
        {
            var answer = await Session.AllAsync(async token => await session.Company.ListTimeZonesAsync(
                new() { PageSize = 1000, PageToken = token }, session.Call));
            output.Show(
                answer,
                Output.Rows(
                    ["time zone", "since"],
                    answer.TimeZones.Select(one => new[] { one.TimeZone, Output.Time(one.ChooseTime) })),
                "trace company choose-time-zone Asia/Tokyo");
        });

    private static Table View(CompanySettings company) => Output.Facts(
        ("company", company.OperatorId),
        ("time zone", company.TimeZone),
        ("since", Output.Time(company.TimeZoneChooseTime)));
}
