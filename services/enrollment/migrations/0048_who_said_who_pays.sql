-- By which request it was last said who pays, where that is not who put it in. A version before this one writes none.
ALTER TABLE seats ADD COLUMN billed_in text;
ALTER TABLE option_orders ADD COLUMN order_billed_in text;
