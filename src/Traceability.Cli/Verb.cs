using System.CommandLine;
using Grpc.Core;

namespace Traceability.Cli;

/// <summary>One thing to do: `trace noun verb`.</summary>
internal sealed class Verb : Command
{
    private const int Refused = 1;

    /// <param name="name">The verb.</param>
    /// <param name="description">What it does.</param>
    /// <param name="example">Arguments that would work, after "trace noun verb".</param>
    /// <param name="run">Does it.</param>
    /// <param name="symbols">Arguments and options.</param>
    public Verb(
        string name, string description, string example, Func<ParseResult, Session, Output, Task> run,
        params Symbol[] symbols)
        : base(name, $"{description}\n\nExample: trace {example}")
    {
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                Add(argument);
            }
            else
            {
                Add((Option)symbol);
            }
        }

        SetAction((parsed, cancellationToken) => RunAsync(run, parsed, cancellationToken));
    }

    /// <summary>Whether the verb needs no node: it has no session.</summary>
    public bool Offline { get; init; }

    /// <summary>Whether the verb is for who runs the federation: it talks to the broker.</summary>
    public bool AtBroker { get; init; }

    /// <summary>Whether the verb shows its own progress, or goes on for as long as the person likes.</summary>
    public bool OwnsScreen { get; init; }

    /// <summary>Whether the verb does its own waiting until all has settled.</summary>
    public bool Waits { get; init; }

    private async Task<int> RunAsync(
        Func<ParseResult, Session, Output, Task> run, ParseResult parsed, CancellationToken cancellationToken)
    {
        var output = new Output(json: parsed.GetValue(Common.Output) == OutputForm.Json);
        try
        {
            var wait = parsed.GetValue(Common.Wait);
            if (wait is not null && (Offline || AtBroker))
            {
                throw new ProblemException("--wait is for what is done at a node: nothing settles here.");
            }

            if (Offline)
            {
                await run(parsed, null!, output);
                return 0;
            }

            var profiles = Profiles.Load(parsed.GetValue(Common.ProfilesFile));
            var profile = profiles.Select(parsed.GetValue(Common.As));
            var server = ServerOf(profile);
            if (OwnsScreen)
            {
                await WorkAsync();
            }
            else
            {
                await output.WaitAsync($"asking {server}", WorkAsync);
            }

            return 0;

            async Task WorkAsync()
            {
                using var session = await Session.OpenAsync(profiles, profile, server, cancellationToken);
                await run(parsed, session, output);
                if (wait is { } seconds && !Waits)
                {
                    await session.SettleAsync(seconds);
                }
            }
        }
        catch (ProblemException problem)
        {
            output.Fail(problem.Message);
            return Refused;
        }
        catch (Exception exception) when (
            exception is RpcException or OperationCanceledException && cancellationToken.IsCancellationRequested)
        {
            // The person pressed Ctrl-C, which is how a watch ends.
            return 0;
        }
        catch (RpcException refused) when (refused.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
        {
            var server = AtBroker ? "broker" : "node";
            output.Fail(
                $"The {server} does not answer ({refused.StatusCode}). Is it running, and is its address right?");
            return Refused;
        }
        catch (OperationCanceledException)
        {
            output.Fail("The token issuer does not answer in time. Is it running?");
            return Refused;
        }
        catch (RpcException refused)
        {
            output.Fail(refused);
            return Refused;
        }
#pragma warning disable CA1031 // A person is told of whatever else there is in words.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return LastNet.Tell(fault, parsed, output);
        }
    }

    private string ServerOf(Profile profile) => (AtBroker, profile) switch
    {
        (true, { Broker.Length: > 0 }) => profile.Broker,
        (false, { Node.Length: > 0 }) => profile.Node,
        (true, _) => throw new ProblemException("This is for who runs the federation: the profile names no broker."),
        _ => throw new ProblemException("This is for a company: the profile names no node."),
    };
}
