using System.CommandLine;
using Google.Protobuf;
using Traceability.Client;
using Traceability.Contracts.Broker.V1;

namespace Traceability.Cli;

/// <summary>`trace member ...`, for who runs the federation.</summary>
internal static class MemberCommands
{
    private const string ExampleOperator = "0193a0f2-5d5c-7e1f-8a53-6f0d7b6b1c11";

    public static Command Member => new("member", "Who takes part. With the profile of an administrator.")
    {
        Enrol(),
        Rename(),
        OnMember("show", "Shows a company, with the names it had before.", async (id, session) =>
        {
            var answer = await session.Directory.GetOperatorAsync(new() { OperatorId = id }, session.Call);
            return (answer, answer.Operator);
        }),
        List(),
        OnMember("suspend", "Stops a company: nothing is accepted from it or delivered to it.", async (id, session) =>
        {
            var answer = await session.Directory.SuspendOperatorAsync(new() { OperatorId = id }, session.Call);
            return (answer, answer.Operator);
        }),
        OnMember("reinstate", "Lets a suspended company take part again.", async (id, session) =>
        {
            var answer = await session.Directory.ReinstateOperatorAsync(new() { OperatorId = id }, session.Call);
            return (answer, answer.Operator);
        }),
        RevokeCertificate(),
        AllowRecovery(),
    };

    private static Argument<string> Company => new("company")
    {
        Description = "The company, by its operator id or the name of a profile.",
    };

    private static Verb Enrol()
    {
        var company = Company;
        var name = new Argument<string>("name") { Description = "The name by which other members know it." };
        var fingerprint = new Option<string>("--fingerprint")
        {
            Description = "Of its signing key, as the company has read it to you (`trace keys show` there). Without it "
                + "the key that comes first counts, and partners see that nobody has compared it.",
        };
        var listed = new Option<bool>("--listed")
        {
            Description = "The company wants all members to see it. It can change that itself (`trace partner`).",
        };
        var numbers = new Option<string[]>("--business-number")
        {
            Description = "By which others can find it: JP-CN: and a corporate number, LEI: and a legal entity "
                + "identifier, or DUNS: and 9 digits. Up to 5.",
        };
        return new(
            "enrol",
            "Admits a company. Again, under the same name, changes nothing.",
            $"member enrol {ExampleOperator} \"Cathode Works\"",
            async (parsed, session, output) =>
            {
                var answer = await session.Directory.EnrolOperatorAsync(
                    new()
                    {
                        OperatorId = session.OperatorId(parsed.GetValue(company)!),
                        Name = parsed.GetValue(name),
                        Fingerprint = parsed.GetValue(fingerprint) ?? "",
                        Listed = parsed.GetValue(listed),
                        BusinessNumbers = { parsed.GetValue(numbers) ?? [] },
                    },
                    session.Call);
                Show(
                    output, answer, answer.Operator,
                    $"trace identity client add NAME --operator {answer.Operator.OperatorId} --role node "
                        + "--resource ADDRESS-OF-THE-BROKER");
            },
            company, name, fingerprint, listed, numbers)
        {
            AtBroker = true,
        };
    }

    private static Verb AllowRecovery()
    {
        var company = Company;
        var fingerprint = new Argument<string>("fingerprint")
        {
            Description = "Of its new signing key, as the company has read it to you.",
        };
        return new(
            "allow-recovery",
            "Lets a company that has lost its signing key announce the one with this fingerprint. It counts days "
                + "later.",
            $"member allow-recovery {ExampleOperator} vP3n0o2sCmIc1cMWbDLp0c0xdVVyP4LCEGd4jvFpHAs",
            async (parsed, session, output) =>
            {
                var answer = await session.Directory.AllowKeyRecoveryAsync(
                    new()
                    {
                        OperatorId = session.OperatorId(parsed.GetValue(company)!),
                        Fingerprint = parsed.GetValue(fingerprint),
                    },
                    session.Call);
                Show(output, answer, answer.Operator, "the company: trace keys recover");
            },
            company, fingerprint)
        {
            AtBroker = true,
        };
    }

    private static Verb RevokeCertificate()
    {
        var company = Company;
        var certificate = new Argument<FileInfo>("certificate") { Description = "PEM file of the client certificate." };
        return new(
            "revoke-certificate",
            "Lets nobody in with a client certificate that a company has lost. For good; again changes nothing.",
            $"member revoke-certificate {ExampleOperator} node-a.crt",
            async (parsed, session, output) =>
            {
                var file = parsed.GetValue(certificate)!;
                if (!file.Exists)
                {
                    throw new ProblemException($"There is no {file}.");
                }

                var operatorId = session.OperatorId(parsed.GetValue(company)!);
                var shown = new FederationTrust("", file.FullName).Shown()!;
                if (!Guid.TryParse(operatorId, out var id) || !shown.SpeaksFor(id))
                {
                    throw new ProblemException($"{file} does not name the company {operatorId}.");
                }

                var answer = await session.Directory.RevokeClientCertificateAsync(
                    new() { OperatorId = operatorId, Fingerprint = shown.Fingerprint }, session.Call);
                Show(output, answer, answer.Operator, "trace identity client rotate CLIENT");
            },
            company, certificate)
        {
            AtBroker = true,
        };
    }

    private static Verb Rename()
    {
        var company = Company;
        var name = new Argument<string>("name") { Description = "The name it has from now on." };
        return new(
            "rename",
            "Gives a company another name, as after a merger. Its id and all it has signed stay.",
            $"member rename {ExampleOperator} \"Cathode Works Holding\"",
            async (parsed, session, output) =>
            {
                var answer = await session.Directory.RenameOperatorAsync(
                    new()
                    {
                        OperatorId = session.OperatorId(parsed.GetValue(company)!),
                        Name = parsed.GetValue(name),
                    },
                    session.Call);
                Show(output, answer, answer.Operator, "trace member list");
            },
            company, name)
        {
            AtBroker = true,
        };
    }

    private static Verb List() => new(
        "list",
        "Lists the members.",
        "member list",
        async (_, session, output) =>
        {
            var all = new ListOperatorsResponse();
            var request = new ListOperatorsRequest { PageSize = 1000 };
            do
            {
                var page = await session.Directory.ListOperatorsAsync(request, session.Call);
                all.Operators.Add(page.Operators);
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
            var rows = all.Operators.Select(member => new[]
            {
                member.OperatorId, member.Name, Output.Word(member.Status), Output.Time(member.EnrolTime),
            });
            output.Show(
                all, Output.Rows(["company", "name", "status", "since"], rows), "trace member suspend COMPANY");
        })
    {
        AtBroker = true,
    };

    private static Verb OnMember(
        string verb, string description, Func<string, Session, Task<(IMessage Answer, Operator Member)>> run)
    {
        var company = Company;
        return new(
            verb,
            description,
            $"member {verb} {ExampleOperator}",
            async (parsed, session, output) =>
            {
                var (answer, member) = await run(session.OperatorId(parsed.GetValue(company)!), session);
                Show(output, answer, member, "trace member list");
            },
            company)
        {
            AtBroker = true,
        };
    }

    private static void Show(Output output, IMessage answer, Operator member, string next) => output.Show(
        answer,
        Output.Facts(
        [
            ("company", member.OperatorId),
            ("name", member.Name),
            .. member.FormerNames.Reverse()
                .Select(one => ("formerly", $"{one.Name}, until {Output.Time(one.UntilTime)}")),
            ("status", Output.Word(member.Status)),
            ("since", Output.Time(member.EnrolTime)),
        ]),
        next);
}
