using System.CommandLine;
using Traceability.Local.Demo;
using Traceability.Local.Demo.EvBattery;
using Traceability.Local.Federation;

var folder = new Option<DirectoryInfo?>("--folder")
{
    Description = "Where data, logs and keys go; a new folder in the temporary files unless named.",
};
var exit = new Option<bool>("--exit")
{
    Description = "Stop after the story; exit code 0 only if every figure and every \"may not see\" held.",
};
var story = new Option<string>("--case")
{
    Description = "Which story: three-tiers (3 + 5 + 10 = 18 kg) or ev-battery (34 companies, from ore to vehicles).",
    DefaultValueFactory = _ => "three-tiers",
};
story.AcceptOnlyFromAmong("three-tiers", "ev-battery");
var exports = new Option<DirectoryInfo?>("--exports")
{
    Description = "Where to write what the makers of the packs and vehicles disclose (ev-battery).",
};
var bundle = new Option<FileInfo?>("--bundle")
{
    Description = "With ev-battery: where to write the evidence behind the vehicle with the 64 kWh pack.",
};
var demo = new Command("demo", "Plays 3 + 5 + 10 = 18 kg through real nodes and a real broker. Example: demo --exit")
{
    folder,
    exit,
    story,
    bundle,
    exports,
};
demo.SetAction(async (parsed, cancellationToken) =>
{
    var chosen = parsed.GetValue(folder)?.FullName ?? Directory.CreateTempSubdirectory("traceability-").FullName;
    var code = parsed.GetValue(story) == "ev-battery"
        ? await new ChainCommand(chosen, parsed.GetValue(exit), parsed.GetValue(bundle), parsed.GetValue(exports))
            .RunAsync(cancellationToken)
        : await new DemoCommand(chosen, parsed.GetValue(exit)).RunAsync(cancellationToken);
    if (code == 0 && parsed.GetValue(folder) is null)
    {
        Directory.Delete(chosen, recursive: true);
    }

    return code;
});

var target = new Argument<DirectoryInfo>("folder") { Description = "Where the PEM files go." };
var names = new Argument<string[]>("names")
{
    Description = "Whom to make certificates for; also the names of their hosts. NAME=ID says which operator it "
        + "speaks for.",
    Arity = ArgumentArity.OneOrMore,
};
var certificates = new Command(
    "certificates", "Makes an authority for development and certificates. Example: certificates secrets broker a=ID")
{
    target,
    names,
};
certificates.SetAction(parsed =>
{
    var authority = new Certificates(parsed.GetValue(target)!.FullName, TimeProvider.System);
    foreach (var name in parsed.GetValue(names)!)
    {
        var (holder, operators) = name.Split('=', 2) is [var named, var id]
            ? (named, new[] { Guid.ParseExact(id, "D") })
            : (name, Array.Empty<Guid>());
        Console.WriteLine(authority.Issue(holder, operators).Certificate);
    }
});

return await new RootCommand("A whole federation on this machine.") { demo, certificates }.Parse(args).InvokeAsync();
