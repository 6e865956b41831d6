package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/firsttap/firsttap/client"
)

type apiShipment struct {
	List     apiShipmentList     `cmd:"" help:"List parcels, newest first."`
	Show     apiShipmentShow     `cmd:"" help:"Show a parcel with what lies in it, its scans, and what may be done with it."`
	Redirect apiShipmentRedirect `cmd:"" help:"Send it elsewhere, until the bureau has begun."`
	Cancel   apiShipmentCancel   `cmd:"" help:"Cancel it, until the bureau has begun."`
	Reship   apiShipmentReship   `cmd:"" help:"Send again what came back."`
	Destroy  apiShipmentDestroy  `cmd:"" help:"Say that what came back was destroyed."`
	Scan     apiShipmentScan     `cmd:"" help:"Report what a courier told of a parcel."`
}

// ofShipment names a parcel.
type ofShipment struct {
	remote
	ID string `arg:"" help:"Id of the parcel."`
}

// explained is an act on a parcel whose reason is kept.
type explained struct {
	forWhom
	Reason string `required:"" help:"Why; kept in the audit trail."`
}

type apiShipmentList struct {
	remote
	sorted
	Status string `help:"Only those with this status, as in in_transit or returned." placeholder:"STATUS"`
}

// Run lists parcels.
func (c apiShipmentList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, c.of(l.api).Shipments(ctx, c.Status), []string{"PARCEL", "OF", "STATUS", "COURIER", "TRACKING", "TO", "MADE"}, func(s client.Shipment) []string {
		return []string{s.ID, s.Kind, s.Status, dash(s.Courier), dash(s.TrackingNumber), s.Destination.City + ", " + s.Destination.Country, moment(s.CreatedAt)}
	})
}

func (l line) parcel(s client.Shipment, err error) error {
	return tell(l, s, err, func(s client.Shipment) error {
		d := s.Destination
		address := []string{d.Line1, d.Line2, d.PostalCode, d.City, d.Zone, d.Country}
		if err := facts(l.w.Stdout,
			[2]string{"parcel", s.ID}, [2]string{"of", s.Kind}, [2]string{"batch", s.BatchID}, [2]string{"status", s.Status},
			[2]string{"to", strings.Join(strings.Fields(strings.Join(address, " ")), " ")}, [2]string{"courier", strings.TrimSpace(s.Courier + " " + s.CourierName)},
			[2]string{"tracking", s.TrackingNumber}, [2]string{"submitted", moment(s.SubmittedAt)}, [2]string{"production closes", moment(s.CutoffAt)},
			[2]string{"delivered", moment(s.DeliveredAt)}, [2]string{"may", strings.Join(s.AllowedActions, " ")},
		); err != nil {
			return err
		}
		rows := make([][]string, len(s.Members))
		for i, m := range s.Members {
			rows[i] = []string{m.CardID, m.PlasticState, m.Custody, dash(m.RejectionReason)}
		}
		if err := l.under([]string{"CARD", "PLASTIC", "WHERE", "REFUSED"}, rows); err != nil {
			return err
		}
		rows = make([][]string, len(s.Scans))
		for i, scan := range s.Scans {
			rows[i] = []string{moment(scan.At), scan.Status, moment(scan.RecordedAt)}
		}
		return l.under([]string{"HAPPENED", "SCAN", "TOLD"}, rows)
	})
}

// under prints a table below something else, unless it is empty.
func (l line) under(heading []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	_, _ = fmt.Fprintln(l.w.Stdout)
	return table(l.w.Stdout, heading, rows)
}

type apiShipmentShow struct{ ofShipment }

// Run shows a parcel.
func (c apiShipmentShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.parcel(l.api.Shipment(ctx, c.ID))
}

type apiShipmentRedirect struct {
	ofShipment
	explained
	To string `required:"" help:"JSON file with the destination, as the API takes it." placeholder:"FILE"`
}

// Run sends a parcel elsewhere.
func (c apiShipmentRedirect) Run(ctx context.Context, w World) error {
	var to client.Address
	if err := readJSON(w, c.To, &to); err != nil {
		return err
	}
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.parcel(l.api.RedirectShipment(ctx, c.ID, to, c.Reason, c.options()...))
}

type apiShipmentCancel struct {
	ofShipment
	explained
}

// Run cancels a parcel.
func (c apiShipmentCancel) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.parcel(l.api.CancelShipment(ctx, c.ID, c.Reason, c.options()...))
}

type apiShipmentReship struct {
	ofShipment
	explained
	To       string `help:"JSON file with another destination." placeholder:"FILE"`
	Tracking string `help:"The courier's number, where it is known." placeholder:"NUMBER"`
	URL      string `name:"url" help:"Where the parcel is followed."`
}

// Run sends again.
func (c apiShipmentReship) Run(ctx context.Context, w World) error {
	again := client.Reship{TrackingNumber: c.Tracking, TrackingURL: c.URL, Reason: c.Reason}
	if c.To != "" {
		again.Destination = &client.Address{}
		if err := readJSON(w, c.To, again.Destination); err != nil {
			return err
		}
	}
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.parcel(l.api.ReshipShipment(ctx, c.ID, again, c.options()...))
}

type apiShipmentDestroy struct {
	ofShipment
	explained
}

// Run says that what came back was destroyed.
func (c apiShipmentDestroy) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.parcel(l.api.DestroyShipment(ctx, c.ID, c.Reason, c.options()...))
}

type apiShipmentScan struct {
	remote
	forWhom
	Courier  string    `arg:"" help:"Who carries it, as in DHL."`
	Tracking string    `arg:"" help:"The courier's number."`
	Status   string    `arg:"" help:"A word of the courier, or one of ours, as in delivered."`
	At       time.Time `format:"2006-01-02T15:04:05Z07:00" help:"When it happened; default is now." placeholder:"TIME"`
	Shipment string    `help:"Id of the parcel, which has this number from now on." placeholder:"ID"`
	ScanID   string    `help:"The courier's own name of the scan; the same one counts once." placeholder:"ID"`
	URL      string    `name:"url" help:"Where the parcel is followed."`
}

// Run reports a scan.
func (c apiShipmentScan) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.ReportScan(ctx, c.Courier, client.ScanReport{
		TrackingNumber: c.Tracking, ShipmentID: c.Shipment, Status: c.Status, At: c.At, ScanID: c.ScanID, TrackingURL: c.URL,
	}, c.options()...)
	return said(l, v, err, "The parcel %s is %s.", v.ShipmentID, v.Status)
}
