using System.CommandLine;

namespace Traceability.Cli;

/// <summary>Everything that `trace` can be told.</summary>
internal static class Commands
{
    public static RootCommand Root { get; } = new(
        "What a company does with its node: parts, bills of materials, footprints, trades and releases.\n\n"
        + "Example: trace --as B footprint show module")
    {
        Common.As,
        Common.ProfilesFile,
        Common.Output,
        Common.Wait,
        PartCommands.Part,
        PartCommands.Bill,
        FootprintCommands.Footprint,
        TradeCommands.Trade,
        ReleaseCommands.Release,
        SheetCommands.Sheet,
        KeyCommands.Keys,
        OperatorCommands.Operator,
        AuditCommands.Audit,
        ExportCommands.Export,
        IdentityCommands.Identity,
        MemberCommands.Member,
        CompanyCommands.Company,
        PartnerCommands.Partner,
    };
}
