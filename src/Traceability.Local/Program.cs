using System.CommandLine;
using Traceability.Local.Demo;

var folder = new Option<DirectoryInfo?>("--folder")
{
    Description = "Where data, logs and keys go; a new folder in the temporary files unless named.",
};
var exit = new Option<bool>("--exit")
{
    Description = "Stop after the story; exit code 0 only if every figure and every \"may not see\" held.",
};
var demo = new Command("demo", "Plays 3 + 5 + 10 = 18 kg through real nodes and a real broker. Example: demo --exit")
{
    folder,
    exit,
};
demo.SetAction(async (parsed, cancellationToken) =>
{
    var chosen = parsed.GetValue(folder)?.FullName ?? Directory.CreateTempSubdirectory("traceability-").FullName;
    var code = await new DemoCommand(chosen, parsed.GetValue(exit)).RunAsync(cancellationToken);
    if (code == 0 && parsed.GetValue(folder) is null)
    {
        Directory.Delete(chosen, recursive: true);
    }

    return code;
});

return await new RootCommand("A whole federation on this machine.") { demo }.Parse(args).InvokeAsync();
